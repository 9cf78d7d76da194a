"""Lists the limits of Microsoft Graph, Entra and Service Bus that the code obeys, each with its
source."""

from datetime import timedelta

MAX_MEMBERS_PER_CALL = 5
"""Maximum number of members of one group in one on-demand request (Entra docs, "Provision on
demand")."""

CALLS_PER_WINDOW = 5
CALL_WINDOW = timedelta(seconds=10)
"""Window of on-demand requests: "5 requests per 10 seconds" (Graph, provisionOnDemand)."""

CALL_WINDOW_MARGIN = timedelta(seconds=0.3)
"""Margin added to the window: Graph counts arrivals, Hasten counts departures, and the network
delay varies."""

REDELIVERY_PAUSE = timedelta(minutes=1)
"""Wait before a function gives back a message of which it can send no copy. Service Bus delivers
such a message again at once, and dead-letters it after 20 deliveries (infra/entities.json)."""

MAX_CALLS_IN_FLIGHT = 16
"""Maximum number of concurrent calls. A call typically takes less than 30 s (Entra docs): serial
calls would leave most of the window unused."""

CALL_TIMEOUT = timedelta(seconds=90)
"""Three times the duration that Entra calls typical (30 s). The call continues at Entra when Hasten
stops waiting."""

LATEST_CALL_EFFECT = timedelta(minutes=5)
"""Hasten assumes that a call has no further effect after this time from its start. Entra documents
no bound, and calls 30 s typical."""

READ_TIMEOUT = timedelta(seconds=30)

LONGEST_WRITE = timedelta(minutes=2)
"""Maximum time after its start at which a write to Entra ID may still take effect: Hasten waits
READ_TIMEOUT for the answer, and Graph may end a request that nobody waits for any more."""

MAX_NOTIFICATION_BYTES = 1024 * 1024
"""Graph documents no limit for a notification collection; Event Hubs delivery has the same 1
MiB."""

MAX_NOTIFICATIONS = 4000
"""Maximum number of notifications in one collection. A real one takes 320 bytes or more, so
MAX_NOTIFICATION_BYTES contain 3,300."""

MAX_VALIDATION_TOKEN = 4096
"""Characters. Graph documents no limit; real tokens have fewer than 1,000."""

ENQUEUE_TIMEOUT = timedelta(seconds=2.5)
"""Graph treats an answer after 3 s as a failure and retries (change notifications, webhooks)."""

MAX_HINTS = 100
"""Maximum number of members named in one look message: 100 ids stay far below the 256 KB of a
Service Bus message."""

MAX_PEOPLE_PER_LOOK = 50
"""Maximum number of users named in one look at people. A look reads each of them from Graph and
ends within seconds."""

MAX_RETRY_AFTER = timedelta(minutes=10)
"""Longest wait that Hasten accepts from a Retry-After. Graph documents no limit, and has answered
with the year 9999; Hasten asks again after this time."""

MAX_PAGE_SIZE = 999
"""Items that Hasten asks for in one page of a list. Graph may give fewer."""

MAX_PAGES = 1000
"""Maximum number of pages of one list. They give a million items, three times the objects that a
tenant may have unless Microsoft raises its quota (Entra service limits: 300,000)."""

MAX_DELTA_PAGES = 100
"""Maximum number of delta pages that one look reads. The next look continues from there, so that a
look ends within minutes and its result is saved."""

MAX_SUBSCRIPTION_LIFETIME = timedelta(minutes=41_760)
"""Longest expiry of a subscription to a group (Graph, subscription resource type)."""

SUBSCRIPTION_LIFETIME = MAX_SUBSCRIPTION_LIFETIME - timedelta(hours=1)
"""The lifetime that Hasten requests. Graph refuses more than the maximum by its own clock, which
may be behind Hasten's."""

MAX_SUBSCRIPTIONS = 90
"""Maximum number of subscriptions that Hasten creates; Graph allows 100 for one app in one
tenant."""

MAX_GROUPS_PER_DELTA = 50
"""Maximum number of ids in the $filter of one delta query (Graph, group: delta)."""

MAX_LINKS_PER_PATCH = 20
"""Maximum number of members added by one PATCH of a group, and of owners and members at its
creation (Graph, group)."""

MAX_EVENT_BYTES = 256 * 1024
"""Maximum size of one message (Service Bus, Standard tier)."""

MAX_PROPERTIES_BYTES = 64 * 1024
"""Maximum size of all application and system properties of one message (Service Bus, quotas)."""

MAX_USERS_PER_EVENT = 500
"""Maximum number of users in one onboarding event; Hasten splits an event that names more."""

LOG_SETTLED_AFTER = timedelta(minutes=10)
"""Hasten takes the silence of the provisioning log about a call, or about a cycle, for an answer
only after this time. Microsoft documents no latency of the log, and no order of its entries."""

REPORT_CALLS_PER_WINDOW = 5
"""Reads of the provisioning log in one window, for one app in one tenant (Graph, throttling
limits)."""

MIN_RENEWAL_INTERVAL = timedelta(minutes=10)
"""Graph asks callers not to renew or reauthorize a subscription twice within this time (lifecycle
events)."""

RETENTION = timedelta(days=90)
"""Time for which Hasten keeps finished records. For an older event it cannot know whether a newer
event about the same users preceded it."""

CALL_AGAIN_DELAYS = tuple(timedelta(seconds=s) for s in (15, 30, 60, 120, 240))
"""Waits between tries of a call that Entra does not honour yet. Entra considers a new or removed
assignment only after "up to a few minutes" (Entra docs, "Provision on demand")."""

ASSIGNMENT_COUNTS_WITHIN = timedelta(minutes=5)
"""Within this time after a change, "in sync" may mean that Entra has not seen the change: "up to a
few minutes"."""

REPLICATION_SETTLED_AFTER = timedelta(minutes=2)
"""Hasten assumes that a write to the directory is visible everywhere after this time. Graph
documents no bound."""
