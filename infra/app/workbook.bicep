// The queries of docs/operations.md on one page of the portal.
param location string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'hasten')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Hasten'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
  }
}
