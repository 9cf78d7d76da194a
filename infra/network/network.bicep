// A network in which the app reaches its storage and its vault without the internet.
param name string
param location string
param tags { *: string }
param storageAccountName string
param vaultName string

var endpoints = [
  { resource: storage.id, part: 'blob', zone: 'privatelink.blob.${environment().suffixes.storage}' }
  { resource: storage.id, part: 'table', zone: 'privatelink.table.${environment().suffixes.storage}' }
  { resource: vault.id, part: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' existing = {
  name: vaultName
}

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.0.0.0/24'
          delegations: [
            {
              name: 'flex-consumption'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: '10.0.1.0/24' }
      }
    ]
  }

  resource private 'subnets' existing = {
    name: 'endpoints'
  }
}

module links 'private-endpoint.bicep' = [
  for endpoint in endpoints: {
    params: {
      name: 'pe-${endpoint.part}-${name}'
      location: location
      tags: tags
      networkId: network.id
      subnetId: network::private.id
      resourceId: endpoint.resource
      part: endpoint.part
      zoneName: endpoint.zone
    }
  }
]
