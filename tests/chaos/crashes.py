"""Where hosts die: after the call to the world with such a name (tests/simulation/lifeline.py)."""

POINTS = (
    "commit ledger",
    "commit cursors",
    "commit intents",
    "commit targets",
    "commit brakes",
    "commit",
    "get",
    "scan",
    "send provisioning$",
    "send ensure",
    "send directory-changes",
    "send provisioning-outcomes",
    "GET ",
    "PATCH ",
    "POST .*provisionOnDemand",
    "POST .*appRoleAssignedTo",
)
