// The secret behind clientState. Written when it is given; otherwise the vault keeps what it has.
param name string
param location string
param tags object
param isPublic bool

@secure()
param clientStateSecret string

@secure()
param clientStateSecretPrevious string

var current = 'client-state-secret'
var previous = 'client-state-secret-previous'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
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
    // No purge protection: a lost secret is replaced by any other, and its subscriptions follow.
    enableSoftDelete: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPublic ? 'Allow' : 'Deny'
    }
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(clientStateSecret)) {
  parent: vault
  name: current
  properties: { value: clientStateSecret }
}

resource secretPrevious 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(clientStateSecretPrevious)) {
  parent: vault
  name: previous
  properties: { value: clientStateSecretPrevious }
}

output name string = vault.name
output clientStateSecretUri string = '${vault.properties.vaultUri}secrets/${current}'
output clientStateSecretPreviousUri string = '${vault.properties.vaultUri}secrets/${previous}'
