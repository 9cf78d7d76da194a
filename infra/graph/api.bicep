// The app registration for Hasten's API and pages, without a secret: the app's managed identity proves Hasten (federated
// credential). A deployment of its own: whoever runs it must be allowed to create applications in Entra ID.
extension microsoftGraphV1

@description('HASTEN_PUBLIC_URL of `azd env get-values`.')
param publicUrl string

@description('HASTEN_PRINCIPAL_ID of `azd env get-values`.')
param principalId string

@description('Object ids of the users, groups and service principals that may read.')
param readers string[] = []

@description('Object ids of those that may decide.')
param operators string[] = []

@description('Object ids of the service principals that may post events.')
param senders string[] = []

@description('Client ids of programs with which people call the API without a consent prompt. By default the Azure CLI.')
param commandLines string[] = ['04b07795-8ddb-461a-bbee-02f9e1bf7b46']

var roles = loadJsonContent('api-roles.json')
var scopeId = guid('hasten', 'user_impersonation')
var appRoles = map(
  roles,
  role =>
    union(role, {
      id: guid('hasten', role.value)
      isEnabled: true
      allowedMemberTypes: ['User', 'Application']
    })
)
var asReaders = map(readers, principal => { role: 'Hasten.Read', principal: principal })
var asOperators = map(operators, principal => { role: 'Hasten.Operate', principal: principal })
var asSenders = map(senders, principal => { role: 'Hasten.Send', principal: principal })
var assigned = flatten([asReaders, asOperators, asSenders])

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'hasten-${uniqueString(publicUrl)}'
  displayName: 'Hasten'
  signInAudience: 'AzureADMyOrg'
  appRoles: appRoles
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: scopeId
        value: 'user_impersonation'
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Call Hasten as the user'
        adminConsentDescription: 'Lets the program call Hasten with the app roles of the user.'
        userConsentDisplayName: 'Call Hasten as you'
        userConsentDescription: 'Lets the program call Hasten with your app roles.'
      }
    ]
    preAuthorizedApplications: map(commandLines, client => { appId: client, delegatedPermissionIds: [scopeId] })
  }
  web: {
    redirectUris: ['${publicUrl}/api/ui/signin/callback']
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
  }

  resource proof 'federatedIdentityCredentials' = {
    name: '${application.uniqueName}/managed-identity'
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: principalId
    audiences: ['api://AzureADTokenExchange']
  }
}

// Nobody gets a token for Hasten without a role.
resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

resource assignments 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for one in assigned: {
    appRoleId: guid('hasten', one.role)
    principalId: one.principal
    resourceId: principal.id
  }
]

output HASTEN_API_CLIENT_ID string = application.appId
