// Hasten in a resource group of its own. `azd up` runs this; docs/deployment.md says what each part is for.
targetScope = 'subscription'

@description('Of the azd environment; names the resource group.')
@minLength(1)
@maxLength(48)
param environmentName string

@description('A region that offers Flex Consumption.')
param location string

@description('32 characters or more. Empty: the vault keeps the one it has.')
@secure()
param clientStateSecret string = ''

@description('The secret before it, while subscriptions made with it still live. Empty: none is accepted.')
@secure()
param clientStateSecretPrevious string = ''

@description('Who hears of alerts. Empty: they show in the portal only.')
param alertEmail string = ''

@description('Instances that wait for Graph: without one a cold start may take longer than the 3 s it allows.')
param alwaysReadyHttpInstances int = 1

@description('Instances that wait to look and as many to drain: they save a quiet tenant a cold start of seconds.')
param alwaysReadyWorkerInstances int = 0

@description('Storage and Key Vault by private endpoints alone. The webhook stays reachable for Graph.')
param privateNetwork bool = false

@description('Principal ids of the systems that may post onboarding events, with commas between.')
param eventSenders string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'core/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-hasten-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'core/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-hasten-${token}'
    insightsName: 'appi-hasten-${token}'
    location: location
    tags: tags
  }
}

module storage 'core/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'sthasten${token}'
    location: location
    tags: tags
    isPublic: !privateNetwork
  }
}

module serviceBus 'core/service-bus.bicep' = {
  name: 'service-bus'
  scope: group
  params: {
    name: 'sb-hasten-${token}'
    location: location
    tags: tags
  }
}

module vault 'core/key-vault.bicep' = {
  name: 'key-vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    isPublic: !privateNetwork
    clientStateSecret: clientStateSecret
    clientStateSecretPrevious: clientStateSecretPrevious
  }
}

module network 'network/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-hasten-${token}'
    location: location
    tags: tags
    storageAccountName: storage.outputs.name
    vaultName: vault.outputs.name
  }
}

module access 'app/access.bicep' = {
  name: 'access'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    eventSenders: empty(eventSenders) ? [] : split(eventSenders, ',')
    storageAccountName: storage.outputs.name
    serviceBusName: serviceBus.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module app 'app/function-app.bicep' = {
  name: 'function-app'
  scope: group
  dependsOn: [access]
  params: {
    name: 'func-hasten-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    storageBlobEndpoint: storage.outputs.blobEndpoint
    storageTableEndpoint: storage.outputs.tableEndpoint
    deploymentContainer: storage.outputs.deploymentContainer
    serviceBusHost: serviceBus.outputs.host
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    clientStateSecretUri: vault.outputs.clientStateSecretUri
    clientStateSecretPreviousUri: empty(clientStateSecretPrevious) ? '' : vault.outputs.clientStateSecretPreviousUri
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    alwaysReadyHttpInstances: alwaysReadyHttpInstances
    alwaysReadyWorkerInstances: alwaysReadyWorkerInstances
  }
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
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
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output HASTEN_URL string = app.outputs.url
output HASTEN_FUNCTION_APP string = app.outputs.name
output HASTEN_PRINCIPAL_ID string = identity.outputs.principalId
output HASTEN_SERVICE_BUS string = serviceBus.outputs.host
