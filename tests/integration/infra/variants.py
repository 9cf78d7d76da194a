"""The deployments that are looked at, each evaluated once."""

from collections.abc import Mapping

from tests.support.compiler import Deployment, evaluated

OPERATOR = "44444444-4444-4444-8444-444444444444"
SECOND_OPERATOR = "55555555-5555-4555-8555-555555555555"
SENDER = "66666666-6666-4666-8666-666666666666"
READER = "77777777-7777-4777-8777-777777777777"


LISTS = {
    "operators": (OPERATOR, SECOND_OPERATOR),
    "eventSenders": (SENDER,),
    "eventReaders": (READER,),
    "scimTokens": ("HASTEN_SCIM_TOKEN_TOTAL", "HASTEN_SCIM_TOKEN_WIKI"),
    "messageAddresses": ("HASTEN_NOTIFY_IAM_TEAM",),
    "lifecycleLeavers": ("TOTAL", "expenses"),
}
"""The lists, whose entries commas divide."""


def plain() -> Deployment:
    """As deployed by the quickstart."""
    return evaluated()


def full() -> Deployment:
    """With everything that can be asked for; of the functions only those of events are ready."""
    return _with_everything({name: ",".join(entries) for name, entries in LISTS.items()})


def spaced() -> Deployment:
    """The same as somebody writes it by hand, with spaces and a comma too many."""
    written = {name: ("", *(f" {entry} " for entry in e), " ") for name, e in LISTS.items()}
    return _with_everything({name: ",".join(entries) for name, entries in written.items()})


def _with_everything(lists: Mapping[str, str]) -> Deployment:
    return evaluated(
        **lists,
        privateNetwork=True,
        alertEmail="iam-team@example.com",
        clientStateSecret="not-a-secret-but-thirty-two-long",
        clientStateSecretPrevious="not-a-secret-but-it-is-older-yet",
        alwaysReadyHttp=0,
        alwaysReadyWorkers=0,
        alwaysReadyEvents=1,
    )
