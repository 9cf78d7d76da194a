"""Names the keys of the partition that each target has in the ledger. A commit spans one partition:
a row changes together with its outcome, the call window and the lease of the worker.

A drain begins with one scan of LIVE_PREFIX. It never reads the other rows.
"""

LEDGER_COLLECTION = "ledger"

LIVE_PREFIX = "live|"
OPEN_PREFIX = f"{LIVE_PREFIX}open|"
OUTBOX_PREFIX = f"{LIVE_PREFIX}outbox|"
WINDOW_KEY = f"{LIVE_PREFIX}window"

PROOF_PREFIX = "proof|"
"""Key prefix of rows that ended with Entra's answer and that the provisioning log has still to
confirm."""

DONE_PREFIX = "done|"
FAILED_PREFIX = "failed|"
"""Key prefix of marks, newest first: one for each time that a row failed. The row itself lies under
another prefix."""

NOT_TAKEN_PREFIX = f"{FAILED_PREFIX}!"
"""Key prefix of the marks of removals, which come before all other marks."""

LEASE_PREFIX = "lease|"
KEPT_MEMBERSHIPS_PREFIX = "place|"
"""Key prefix of the groups in which a disabled account may still be, one document for each user."""
