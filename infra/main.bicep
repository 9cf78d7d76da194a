// Hasten in a resource group of its own. `azd up` deploys this; docs/deployment.md explains each part.
targetScope = 'subscription'

@description('Name of the azd environment; it names the resource group.')
@minLength(1)
@maxLength(48)
param environmentName string

@description('A region that offers Flex Consumption.')
param location string

@description('32 characters or more. Empty: the vault keeps the secret that it has.')
@secure()
param clientStateSecret string = ''

@description('The previous secret, while subscriptions made with it still exist. Empty: none is accepted.')
@secure()
param clientStateSecretPrevious string = ''

@description('Address that receives the alerts. Empty: alerts show in the portal only.')
param alertEmail string = ''

@description('Always-ready instances for HTTP. Without one, a cold start may exceed the 3 s that Graph allows.')
@minValue(0)
param alwaysReadyHttp int = 1

@description('Always-ready instances for each function between a notification and the on-demand call.')
@minValue(0)
param alwaysReadyWorkers int = 1

@description('Always-ready instances for each function that handles onboarding events.')
@minValue(0)
param alwaysReadyEvents int = 0

@description('Storage and Key Vault have private endpoints only. The webhook stays public, because Graph calls it.')
param privateNetwork bool = false

@description('Comma-separated principal ids of the systems that may send onboarding events.')
param eventSenders string = ''

@description('Comma-separated principal ids of the systems that may receive outcomes.')
param eventReaders string = ''

@description('Comma-separated principal ids of the people or groups that may use the command line.')
param operators string = ''

@description('Comma-separated names of the settings with the tokens of apps: HASTEN_SCIM_TOKEN_... Each refers to the vault.')
param scimTokens string = ''

@description('Comma-separated names of the settings with the addresses of destinations: HASTEN_NOTIFY_... Each refers to the vault.')
param messageAddresses string = ''

@description('Client id of the app registration for the API and the pages: output of graph/api.bicep. Empty: both are closed.')
param apiClientId string = ''

@description('Comma-separated names of the targets that Lifecycle Workflows may take leavers out of. Empty: no Logic App.')
param lifecycleLeavers string = ''

@description('The entries of a comma-separated list, without spaces around them and without empty ones.')
func listed(text string) string[] => filter(map(split(text, ','), entry => trim(entry)), entry => !empty(entry))

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

// Every name is known before the deployment starts, so that `azd provision --preview` can predict each module.
var names = {
  identity: 'id-hasten-${token}'
  workspace: 'log-hasten-${token}'
  insights: 'appi-hasten-${token}'
  storage: 'sthasten${token}'
  serviceBus: 'sb-hasten-${token}'
  vault: 'kv-${token}'
  network: 'vnet-hasten-${token}'
  app: 'func-hasten-${token}'
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'core/identity.bicep' = {
  scope: group
  params: {
    name: names.identity
    location: location
    tags: tags
  }
}

module monitoring 'core/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: tags
  }
}

module storage 'core/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: tags
    isPublic: !privateNetwork
  }
}

module serviceBus 'core/service-bus.bicep' = {
  scope: group
  params: {
    name: names.serviceBus
    location: location
    tags: tags
  }
}

module vault 'core/key-vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    isPublic: !privateNetwork
    clientStateSecret: clientStateSecret
    clientStateSecretPrevious: clientStateSecretPrevious
  }
}

module network 'network/network.bicep' = if (privateNetwork) {
  scope: group
  dependsOn: [storage, vault]
  params: {
    name: names.network
    location: location
    tags: tags
    storageAccountName: names.storage
    vaultName: names.vault
  }
}

module access 'app/access.bicep' = {
  scope: group
  dependsOn: [identity, monitoring, storage, serviceBus, vault]
  params: {
    identityName: names.identity
    storageAccountName: names.storage
    serviceBusName: names.serviceBus
    vaultName: names.vault
    insightsName: names.insights
  }
}

module people 'app/people.bicep' = {
  scope: group
  dependsOn: [storage, serviceBus]
  params: {
    operators: listed(operators)
    eventSenders: listed(eventSenders)
    eventReaders: listed(eventReaders)
    storageAccountName: names.storage
    serviceBusName: names.serviceBus
  }
}

module app 'app/function-app.bicep' = {
  scope: group
  dependsOn: [access, network]
  params: {
    name: names.app
    location: location
    tags: tags
    identityName: names.identity
    storageAccountName: names.storage
    deploymentContainer: storage.outputs.deploymentContainer
    serviceBusHost: serviceBus.outputs.host
    insightsName: names.insights
    clientStateSecretUri: vault.outputs.clientStateSecretUri
    previousClientStateSecretUri: vault.outputs.previousClientStateSecretUri
    hasPreviousSecret: !empty(clientStateSecretPrevious)
    vaultUri: vault.outputs.uri
    vaultSettings: listed('${scimTokens},${messageAddresses}')
    networkName: privateNetwork ? names.network : ''
    apiClientId: apiClientId
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyWorkers: alwaysReadyWorkers
    alwaysReadyEvents: alwaysReadyEvents
  }
}

module lifecycle 'app/lifecycle.bicep' = if (!empty(listed(lifecycleLeavers))) {
  scope: group
  dependsOn: [serviceBus]
  params: {
    targets: listed(lifecycleLeavers)
    prefix: 'lw-${token}-'
    location: location
    tags: tags
    serviceBusName: names.serviceBus
    serviceBusHost: '${names.serviceBus}.servicebus.windows.net'
  }
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    serviceBusId: serviceBus.outputs.id
  }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  dependsOn: [monitoring, serviceBus]
  params: {
    location: location
    tags: tags
    workspaceName: names.workspace
    serviceBusName: names.serviceBus
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output HASTEN_KEY_VAULT string = names.vault
output HASTEN_FUNCTION_APP string = app.outputs.name
output HASTEN_PRINCIPAL_ID string = identity.outputs.principalId
output HASTEN_PUBLIC_URL string = app.outputs.url
output HASTEN_SERVICE_BUS string = serviceBus.outputs.host
output HASTEN_STORE string = storage.outputs.tableEndpoint
output HASTEN_TENANT_ID string = subscription().tenantId
