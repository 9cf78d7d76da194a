// One Logic App for each target whose leavers Lifecycle Workflows may offboard: the custom task extension calls it, and
// it posts an offboarding event. Lifecycle Workflows call nothing but Logic Apps on the consumption plan.
param targets string[]

@description('Begins the name of each Logic App.')
param prefix string

param location string
param tags { *: string }
param serviceBusName string
param serviceBusHost string

var roles = loadJsonContent('roles.json')
var definition = loadJsonContent('lifecycle-workflow.json')

// The app of Lifecycle Workflows itself, the same in every tenant (Entra docs, "Configure a Logic App for Lifecycle Workflow use").
var lifecycleWorkflows = 'ce79fdc4-cd1d-4ea5-8139-e74d7dbe0bb7'
var resourceManager = split(environment().resourceManager, '/')[2]

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusName

  resource onboarding 'queues' existing = {
    name: 'onboarding-events'
  }
}

resource leavers 'Microsoft.Logic/workflows@2019-05-01' = [
  for target in targets: {
    name: '${prefix}${take(target, 60)}'
    location: location
    tags: tags
    identity: { type: 'SystemAssigned' }
    properties: {
      state: 'Enabled'
      definition: definition
      parameters: {
        target: { value: target }
        queue: { value: 'https://${serviceBusHost}/onboarding-events/messages' }
      }
      accessControl: {
        triggers: {
          // The types of this API version lack this property, but Azure accepts it. Without it, the signed address alone would open the Logic App.
          #disable-next-line BCP037
          sasAuthenticationPolicy: { state: 'Disabled' }
          openAuthenticationPolicies: {
            policies: {
              lifecycleWorkflows: {
                type: 'AADPOP' // the token is bound to this one request to this one Logic App
                claims: [
                  { name: 'iss', value: 'https://sts.windows.net/${tenant().tenantId}/' }
                  { name: 'aud', value: 'https://${resourceManager}' }
                  { name: 'appid', value: lifecycleWorkflows }
                  { name: 'm', value: 'POST' }
                  { name: 'u', value: resourceManager }
                  { name: 'p', value: resourceId('Microsoft.Logic/workflows', '${prefix}${take(target, 60)}') }
                ]
              }
            }
          }
        }
      }
    }
  }
]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (target, index) in targets: {
    name: guid(namespace::onboarding.id, prefix, target, roles.serviceBusDataSender)
    scope: namespace::onboarding
    properties: {
      principalId: leavers[index].identity.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
    }
  }
]
