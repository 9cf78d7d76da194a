// The Azure roles of others: operators who use the command line, and systems that send events or receive outcomes.
param operators string[]
param eventSenders string[]
param eventReaders string[]
param storageAccountName string
param serviceBusName string

var roles = loadJsonContent('roles.json')
var definitions = 'Microsoft.Authorization/roleDefinitions'

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName
}

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusName

  resource onboarding 'queues' existing = {
    name: 'onboarding-events'
  }

  resource outcomes 'topics' existing = {
    name: 'provisioning-outcomes'

    resource all 'subscriptions' existing = {
      name: 'all'
    }
  }
}

resource ledger 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for person in operators: {
    name: guid(storage.id, person, roles.storageTableDataContributor)
    scope: storage
    properties: {
      principalId: person
      roleDefinitionId: subscriptionResourceId(definitions, roles.storageTableDataContributor)
    }
  }
]

// `replay` takes messages from every queue and `release` wakes every target: the namespace has no other queues.
resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for person in operators: {
    name: guid(namespace.id, person, roles.serviceBusDataReceiver)
    scope: namespace
    properties: {
      principalId: person
      roleDefinitionId: subscriptionResourceId(definitions, roles.serviceBusDataReceiver)
    }
  }
]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for person in operators: {
    name: guid(namespace.id, person, roles.serviceBusDataSender)
    scope: namespace
    properties: {
      principalId: person
      roleDefinitionId: subscriptionResourceId(definitions, roles.serviceBusDataSender)
    }
  }
]

resource senders 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for sender in eventSenders: {
    name: guid(namespace::onboarding.id, sender, roles.serviceBusDataSender)
    scope: namespace::onboarding
    properties: {
      principalId: sender
      roleDefinitionId: subscriptionResourceId(definitions, roles.serviceBusDataSender)
    }
  }
]

resource readers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in eventReaders: {
    name: guid(namespace::outcomes::all.id, reader, roles.serviceBusDataReceiver)
    scope: namespace::outcomes::all
    properties: {
      principalId: reader
      roleDefinitionId: subscriptionResourceId(definitions, roles.serviceBusDataReceiver)
    }
  }
]
