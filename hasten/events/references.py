"""Makes keys for people whom an event names before Hasten knows their object id."""

import hashlib
from collections.abc import Mapping

from hasten.events.models import UserRef

KEYS: Mapping[str, str] = {"upn": "upn", "mail": "mail", "employeeId": "employee_id"}
"""The keys of a person other than the object id, as events name them, and the argument of the
lookup."""


def reference(ref: UserRef) -> str:
    """Returns a key for a person whose object id is not known."""
    return reference_by(ref.key, str(ref.model_dump()[next(iter(ref.model_fields_set))]))


def reference_by(key: str, value: str) -> str:
    """Returns the same for a key and value of an event. The value may have any form."""
    digest = hashlib.sha256(
        f"{key}:{value.casefold()}".encode("utf-8", "surrogatepass")
    ).hexdigest()
    return f"ref:{digest[:32]}"


def references_to(given: str) -> list[str]:
    """Returns the keys by which an event may have named the person whose UPN, mail or employeeId is
    given."""
    return [reference_by(key, given) for key in KEYS]
