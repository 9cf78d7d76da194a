// The secret behind clientState. If the parameter is empty, the vault keeps the secret that it has.
param name string
param location string
param tags { *: string }
param isPublic bool

@secure()
param clientStateSecret string

@secure()
param clientStateSecretPrevious string

var current = 'client-state-secret'
var previous = 'client-state-secret-previous'

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    // No purge protection: any other secret replaces a lost one, and Hasten replaces the subscriptions.
    enableSoftDelete: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPublic ? 'Allow' : 'Deny'
    }
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(clientStateSecret)) {
  parent: vault
  name: current
  properties: { value: clientStateSecret }
}

resource secretPrevious 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(clientStateSecretPrevious)) {
  parent: vault
  name: previous
  properties: { value: clientStateSecretPrevious }
}

output clientStateSecretUri string = '${vault.properties.vaultUri}secrets/${current}'
output previousClientStateSecretUri string = '${vault.properties.vaultUri}secrets/${previous}'
output uri string = vault.properties.vaultUri
