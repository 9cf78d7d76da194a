// The app's permissions in Microsoft Graph. This is a separate deployment, because its operator needs the right to grant them.
// Without Bicep, use scripts/grant-graph-permissions.sh.
extension microsoftGraphV1

@description('HASTEN_PRINCIPAL_ID of `azd env get-values`.')
param principalId string

@description('Keys of permissions.json.')
param sets ('always' | 'onboarding' | 'verification' | 'sessions' | 'hidden')[] = ['always']

var permissions = loadJsonContent('permissions.json')
var granted = flatten(map(sets, name => permissions[name]))

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in granted: {
    appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
    principalId: principalId
    resourceId: graph.id
  }
]
