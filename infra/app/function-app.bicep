// The function app on Flex Consumption with its settings: those that hasten/settings.py reads, and the platform's own.
param name string
param location string
param tags { *: string }
param identityName string
param storageAccountName string
param deploymentContainer string
param serviceBusHost string
param insightsName string
param clientStateSecretUri string
param previousClientStateSecretUri string

@description('Whether the previous secret is accepted as well.')
param hasPreviousSecret bool

param vaultUri string

@description('Names of the settings with tokens of apps and addresses of destinations. The secret has the same name, in lower case with hyphens.')
param vaultSettings string[]

@description('Empty: no virtual network.')
param networkName string

@description('Empty: the API and the pages are closed.')
param apiClientId string

param alwaysReadyHttp int
param alwaysReadyWorkers int
param alwaysReadyEvents int

// Flex Consumption scales HTTP as one group and every other function by itself.
var alwaysReady = [
  { name: 'http', instanceCount: alwaysReadyHttp }
  { name: 'function:directory_changes', instanceCount: alwaysReadyWorkers }
  { name: 'function:provisioning', instanceCount: alwaysReadyWorkers }
  { name: 'function:onboarding_events', instanceCount: alwaysReadyEvents }
  { name: 'function:ensure', instanceCount: alwaysReadyEvents }
]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' existing = if (!empty(networkName)) {
  name: '${networkName}/app'
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
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

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'hasten' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled' // Graph must reach the webhook
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(networkName) ? null : subnet.id
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
          value: '${storage.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
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

var fromVault = toObject(
  vaultSettings,
  name => name,
  name => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${toLower(replace(name, '_', '-'))})'
)

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: union(fromVault, {
    AzureWebJobsStorage__accountName: storageAccountName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
    OTEL_TRACES_SAMPLER: 'always_on' // a change makes few spans, and a trace with gaps is worthless
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,httpx,psycopg2,requests,urllib,urllib3'
    ServiceBusConnection__fullyQualifiedNamespace: serviceBusHost
    ServiceBusConnection__credential: 'managedidentity'
    ServiceBusConnection__clientId: identity.properties.clientId
    AZURE_CLIENT_ID: identity.properties.clientId
    HASTEN_TENANT_ID: subscription().tenantId
    HASTEN_CLIENT_STATE_SECRET: '@Microsoft.KeyVault(SecretUri=${clientStateSecretUri})'
    // Empty means no reference: the app would take a reference that cannot be resolved for the secret itself.
    HASTEN_CLIENT_STATE_SECRET_PREVIOUS: hasPreviousSecret
      ? '@Microsoft.KeyVault(SecretUri=${previousClientStateSecretUri})'
      : ''
    HASTEN_PUBLIC_URL: 'https://${site.properties.defaultHostName}'
    HASTEN_STORE: storage.properties.primaryEndpoints.table
    HASTEN_TARGETS: 'targets.yaml'
    HASTEN_GRAPH_URL: 'https://graph.microsoft.com/v1.0'
    HASTEN_API_CLIENT_ID: apiClientId
    HASTEN_SIGN_IN_URL: environment().authentication.loginEndpoint
  })
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
