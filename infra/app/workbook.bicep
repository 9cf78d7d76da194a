// The queries of docs/operations.md on one page of the portal.
param location string
param tags { *: string }
param workspaceName string
param serviceBusName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'hasten')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Hasten'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: replace(loadTextContent('../workbook.json'), '{serviceBus}', namespace.id)
  }
}
