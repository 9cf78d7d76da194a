"""Makes keys for people whom an event names before Hasten knows their object id."""

import hashlib

from hasten.events.models import UserRef


def reference(ref: UserRef) -> str:
    """Returns a key for a person whose object id is not known."""
    value = str(ref.model_dump()[next(iter(ref.model_fields_set))])
    digest = hashlib.sha256(f"{ref.key}:{value.casefold()}".encode()).hexdigest()[:32]
    return f"ref:{digest}"


def references_to(given: str) -> list[str]:
    """Returns the keys by which an event may have named the person whose UPN, mail or employeeId is
    given."""
    return [
        reference(UserRef.model_construct(_fields_set={key}, **{key: given}))
        for key in ("upn", "mail", "employee_id")
    ]
