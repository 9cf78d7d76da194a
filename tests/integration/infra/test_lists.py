"""Lists that somebody writes with spaces, or with a comma too many, as `azd env set` takes them."""

from tests.integration.infra import variants
from tests.integration.infra.variants import OPERATOR, READER, SECOND_OPERATOR, SENDER
from tests.support.compiler import Deployment, evaluated

PLAIN, SPACED = "{},{}", ",{}, , {} ,"
"""The compiler takes seconds for each."""


def written(form: str) -> Deployment:
    return evaluated(
        operators=form.format(OPERATOR, SECOND_OPERATOR),
        eventSenders=form.format(SENDER, OPERATOR),
        eventReaders=form.format(READER, OPERATOR),
        scimTokens=form.format("HASTEN_SCIM_TOKEN_TOTAL", "HASTEN_SCIM_TOKEN_WIKI"),
        messageAddresses=form.format("HASTEN_NOTIFY_IAM_TEAM", "HASTEN_NOTIFY_MAIL"),
        lifecycleLeavers=form.format("TOTAL", "expenses"),
    )


def test_a_list_means_the_same_however_it_is_spaced() -> None:
    assert written(SPACED).resources == written(PLAIN).resources


def test_a_list_without_an_entry_is_none() -> None:
    nothing = " , "

    empty = evaluated(
        operators=nothing,
        eventSenders=nothing,
        eventReaders=nothing,
        scimTokens=nothing,
        messageAddresses=nothing,
        lifecycleLeavers=nothing,
    )

    assert empty.resources == variants.plain().resources
