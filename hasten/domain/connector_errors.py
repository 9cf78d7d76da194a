"""Lists the codes of Entra's connectors (provisioning logs reference), and what an operator can do
about each error."""

TRANSIENT = frozenset(
    {
        "TooManyRequests",
        "InternalServerError",
        "InternalError",
        "Timeout",
        "WebExceptionProtocolError",
    }
)
"""Codes after which Hasten repeats the call unchanged."""

UNANSWERED_BY_APP = frozenset({"Timeout"})
"""Codes of a request that the app may still carry out: it gave Entra ID no answer in time."""

REDUNDANT_EXPORT = "RedundantExport"
NOT_EFFECTIVELY_ENTITLED = "NotEffectivelyEntitled"

_CREDENTIALS = "check the Tenant URL and the Secret Token of the app's provisioning, then retry"

NEXT_ACTIONS = {
    "Conflict": "find the account in the app that already uses the matching attribute",
    "EntryConflict": "find the account in the app that already uses the matching attribute",
    "InsufficientRights": _CREDENTIALS,
    "MethodNotAllowed": _CREDENTIALS,
    "NotPermitted": _CREDENTIALS,
    "Unauthorized": _CREDENTIALS,
    "UnprocessableEntity": "compare the attribute mapping with what the app accepts",
    "InvalidAnchor": "restart provisioning: the app no longer has the account under its known id",
    "NotImplemented": "ask the app's vendor: the operation is not supported",
    "MandatoryFieldsMissing": "fill the attributes that the app requires on the user in Entra",
    "MissingValues": "fill the attributes that the app requires on the user in Entra",
    "SchemaAttributeNotFound": "correct the attribute mapping: an attribute is not in the schema",
    "InvalidDomain": "verify the user's domain in the app",
    "LicenseLimitExceeded": "free or buy a licence in the app",
    "DuplicateTargetEntries": "remove the duplicate accounts in the app",
    "DuplicateSourceEntries": "make the matching attribute unique in Entra",
    "ImportSkipped": "read the provisioning log: the user was left out on import",
    "EntrySynchronizationSkipped": "check the scoping filters of the app's provisioning",
    "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse": (
        "remove the duplicate accounts in the app"
    ),
    "SystemForCrossDomainIdentityManagementServiceIncompatible": (
        "ask the app's vendor: its SCIM service does not follow the standard"
    ),
    NOT_EFFECTIVELY_ENTITLED: (
        "check that the user is a direct member of a group assigned to the app"
    ),
    "SchemaPropertyCanOnlyAcceptValue": "correct the value of the attribute in Entra",
    "AttributeValidationFailed": "correct the value of the attribute in Entra",
}

RULE_UNKNOWN = "RequestParameterInvalid"
"""Graph's own code for a request that names a rule which the job does not have."""

CODES = frozenset({*TRANSIENT, *NEXT_ACTIONS, REDUNDANT_EXPORT, RULE_UNKNOWN})
"""All codes that Hasten knows."""
