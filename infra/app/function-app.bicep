// The function app on Flex Consumption, and its settings: those hasten/settings.py reads and the platform's own.
param name string
param location string
param tags object
param identityId string
param identityClientId string
param storageAccountName string
param storageBlobEndpoint string
param storageTableEndpoint string
param deploymentContainer string
param serviceBusHost string
param insightsConnectionString string
param clientStateSecretUri string

@description('Empty: no older secret is accepted.')
param clientStateSecretPreviousUri string

@description('Empty: no virtual network.')
param subnetId string

param alwaysReadyHttpInstances int
param alwaysReadyWorkerInstances int

// Flex Consumption scales HTTP as one group and every other function by itself.
var alwaysReady = [
  { name: 'http', instanceCount: alwaysReadyHttpInstances }
  { name: 'function:directory_changes', instanceCount: alwaysReadyWorkerInstances }
  { name: 'function:provisioning', instanceCount: alwaysReadyWorkerInstances }
]

// Left out when there is none: a reference that cannot be resolved would itself be taken for the secret.
var previousSecret = empty(clientStateSecretPreviousUri)
  ? {}
  : { HASTEN_CLIENT_STATE_SECRET_PREVIOUS: '@Microsoft.KeyVault(SecretUri=${clientStateSecretPreviousUri})' }

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'hasten' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled' // Graph has to reach the webhook
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        alwaysReady: filter(alwaysReady, group => group.instanceCount > 0)
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storageBlobEndpoint}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
    }
  }

  resource noFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource noPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  properties: union(
    {
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
      OTEL_TRACES_SAMPLER: 'always_on' // few spans a change: a trace with gaps would be worth nothing
      OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,httpx,psycopg2,requests,urllib,urllib3'
      ServiceBusConnection__fullyQualifiedNamespace: serviceBusHost
      ServiceBusConnection__credential: 'managedidentity'
      ServiceBusConnection__clientId: identityClientId
      AZURE_CLIENT_ID: identityClientId
      HASTEN_TENANT_ID: subscription().tenantId
      HASTEN_CLIENT_STATE_SECRET: '@Microsoft.KeyVault(SecretUri=${clientStateSecretUri})'
      HASTEN_PUBLIC_URL: 'https://${site.properties.defaultHostName}'
      HASTEN_STORE: storageTableEndpoint
      HASTEN_TARGETS: 'targets.yaml'
      HASTEN_GRAPH_URL: 'https://graph.microsoft.com/v1.0'
    },
    previousSecret
  )
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
