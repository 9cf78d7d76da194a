// Alerts that somebody must see at once. The log alerts read the events that Hasten logs, one line of JSON each.
param location string
param tags { *: string }
param email string
param workspaceId string
param serviceBusId string

var alerts = loadJsonContent('alerts.json')
var entities = loadJsonContent('../entities.json')
var lines = 'AppTraces | where Message startswith "{" | extend e = parse_json(Message)'

type Read = {
  event: string
  results: string[]
  where: string?
}

@description('Events of one name with one of the results, and with `where` if there is any.')
func read(one Read) string =>
  '(e.event == "${one.event}" and e.result in ("${join(one.results, '", "')}")${empty(one.?where) ? '' : ' and ${one.?where}'})'

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

resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'hasten-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'A message failed on every delivery, which is a bug, or it expired.'
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

resource fromTheLog 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
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
      windowSize: alert.?window ?? 'PT5M'
      // The alert of an event that is logged once must not resolve itself after five minutes: nobody has acted by then. Without
      // that, an alert fires with every evaluation that finds an event: such a rule reads no event that Hasten logs again.
      autoMitigate: alert.?autoMitigate ?? true
      // The table appears with the first line of a new workspace: until then the query cannot be validated.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: '${lines} | where ${join(map(alert.events, one => read(one)), ' or ')}'
            timeAggregation: 'Count'
            operator: alert.?absent ?? false ? 'LessThan' : 'GreaterThan'
            threshold: alert.?absent ?? false ? 1 : 0
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
