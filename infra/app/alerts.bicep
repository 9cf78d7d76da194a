// What someone must hear of. The log alerts read the events that Hasten writes, one line of JSON each.
param location string
param tags object
param email string
param workspaceId string
param serviceBusId string

var alerts = loadJsonContent('alerts.json')
var entities = loadJsonContent('../entities.json')
var events = 'AppTraces | where Message startswith "{" | extend e = parse_json(Message)'

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'hasten-operators'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'hasten'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'hasten-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'A message of a queue could not be worked off: a bug, or it expired.'
    severity: 1
    enabled: true
    scopes: [serviceBusId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-letters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: map(entities.queues, queue => queue.name)
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Maximum'
        }
      ]
    }
    actions: empty(email) ? [] : [{ actionGroupId: operators.id }]
  }
}

resource fromTheLog 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: 'hasten-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Hasten: ${alert.title}'
      description: alert.text
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT5M'
      // The table comes with the first line of a new workspace: until then the query is in vain.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: '${events} | where ${alert.where}'
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: empty(email) ? [] : [operators.id] }
    }
  }
]
