"""Names the keys of the partition that each target has in the ledger. A commit spans one partition:
a row changes together with its outcome, the call window and the lease of the worker.

A drain begins with one scan of LIVE. It never reads the other rows.
"""

COLLECTION = "ledger"

LIVE = "live|"
OPEN = f"{LIVE}open|"
OUTBOX = f"{LIVE}outbox|"
WINDOW = f"{LIVE}window"

PROOF = "proof|"
"""Key prefix of rows that ended with Entra's answer and that the provisioning log has still to
confirm."""

DONE = "done|"
FAILED = "failed|"
"""Key prefix of marks, newest first: one for each time that a row failed. The row itself lies under
another prefix."""

LEASE = "lease|"
PLACE = "place|"
