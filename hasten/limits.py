"""Limits of Microsoft Graph, Entra and Service Bus that the code obeys, each with its source."""

from datetime import timedelta

MAX_MEMBERS_PER_CALL = 5
"""Members of one group in one on-demand request (Entra docs, "Provision on demand")."""

CALLS_PER_WINDOW = 5
WINDOW = timedelta(seconds=10)
"""On-demand requests: "5 requests per 10 seconds" (Graph, provisionOnDemand)."""

WINDOW_MARGIN = timedelta(seconds=0.3)
"""Added to WINDOW: Graph counts arrivals, we count departures, and the way there varies."""

MAX_CALLS_IN_FLIGHT = 16
"""A call takes 2 to 30 s (Entra docs): serial calls would leave most of the window unused."""

CALL_TIMEOUT = timedelta(seconds=90)
"""Three times what Entra calls typical (30 s); the call goes on at Entra when we stop waiting."""

READ_TIMEOUT = timedelta(seconds=30)

MAX_NOTIFICATION_BYTES = 1024 * 1024
"""Graph names no bound for a notification collection; Event Hubs delivery has the same 1 MiB."""

MAX_NOTIFICATIONS = 4000
"""In one collection. A real one takes 320 bytes or more: MAX_NOTIFICATION_BYTES hold 3,300."""

MAX_VALIDATION_TOKEN = 4096
"""Characters; Graph documents none, real ones are below 1,000."""

ENQUEUE_TIMEOUT = timedelta(seconds=2.5)
"""Graph takes an answer after 3 s for a failure and retries (change notifications, webhooks)."""

MAX_HINTS = 100
"""Members named in one look message: 100 ids stay far below the 256 KB of a Service Bus message."""

MAX_RETRY_AFTER = timedelta(minutes=10)
"""Longest wait that a Retry-After may ask for. Graph documents no bound, and has answered with the
year 9999: a revocation then comes back to ask again."""

MAX_PAGES = 1000
"""Pages of one list. Of 999 items each they hold a million, three times the objects that a tenant
may have unless Microsoft raises its quota (Entra service limits: 300,000)."""

MAX_DELTA_PAGES = 100
"""Pages of a delta that one look reads. The next look goes on from there, so that a look ends
within minutes and what it read is written down."""

MAX_SUBSCRIPTION_LIFETIME = timedelta(minutes=41_760)
"""Longest expiry of a subscription to a group (Graph, subscription resource type)."""

SUBSCRIPTION_LIFETIME = MAX_SUBSCRIPTION_LIFETIME - timedelta(hours=1)
"""Asked for: Graph refuses more than the longest by its own clock, which may be behind ours."""

MAX_SUBSCRIPTIONS = 90
"""Subscriptions we make; Graph allows 100 for one app in one tenant."""

MAX_GROUPS_PER_DELTA = 50
"""Ids in the $filter of one delta query (Graph, group: delta)."""

MAX_LINKS_PER_PATCH = 20
"""Members added by one PATCH of a group, and owners and members at its creation (Graph, group)."""

MAX_EVENT_BYTES = 256 * 1024
"""Of one message (Service Bus, Standard tier)."""

MAX_PROPERTIES_BYTES = 64 * 1024
"""Of all application properties and system properties of one message (Service Bus, quotas)."""

MAX_USERS_PER_EVENT = 500
"""Of one onboarding event; an event that names more is split."""

REPORT_CALLS_PER_WINDOW = 5
"""Reads of the provisioning log in WINDOW, for one app in one tenant (Graph, throttling limits)."""

RENEW_APART = timedelta(minutes=10)
"""Graph asks not to renew or reauthorize a subscription twice within it (lifecycle events)."""

RETENTION = timedelta(days=90)
"""How long Hasten keeps what has ended. Of an older event it cannot know whether a newer one of the
same people came before it."""

REPLICATION_LADDER = tuple(timedelta(seconds=s) for s in (15, 30, 60, 120, 240))
"""Waits between tries of a call that Entra does not honour yet: it counts a new assignment, and one
that was taken away, only after "up to a few minutes" (Entra docs, "Provision on demand")."""

ASSIGNMENT_COUNTS_WITHIN = timedelta(minutes=5)
"""Sooner after a change, "in sync" may mean that Entra has not seen it: "up to a few minutes"."""

SETTLED_AFTER = timedelta(minutes=2)
"""What was written to the directory longer ago than this is taken to show everywhere. Graph
documents no bound."""
