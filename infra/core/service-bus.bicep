// The queues and the topic, as entities.json declares them: the same file feeds the emulator and the tests.
param name string
param location string
param tags { *: string }

var entities = loadJsonContent('../entities.json')
var readersOfTopics = flatten(map(
  entities.topics,
  topic => map(topic.subscriptions, subscription => { topic: topic.name, subscription: subscription })
))

@description('The properties of an entity, without its name and what it contains.')
#disable-next-line use-user-defined-types // entities.json says which properties there are
func settingsOf(entity object) object =>
  toObject(
    filter(items(entity), item => !contains(['name', 'subscriptions'], item.key)),
    item => item.key,
    item => item.value
  )

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard' // the least that has topics and duplicate detection
    tier: 'Standard'
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queues 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [
  for queue in entities.queues: {
    parent: namespace
    name: queue.name
    properties: settingsOf(queue)
  }
]

resource topics 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = [
  for topic in entities.topics: {
    parent: namespace
    name: topic.name
    properties: settingsOf(topic)
  }
]

resource readers 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' = [
  for reader in readersOfTopics: {
    name: '${name}/${reader.topic}/${reader.subscription.name}'
    dependsOn: [topics]
    properties: settingsOf(reader.subscription)
  }
]

output id string = namespace.id
output host string = '${namespace.name}.servicebus.windows.net'
