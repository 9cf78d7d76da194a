"""Lists that somebody writes with spaces, or with a comma too many, as `azd env set` takes them."""

from tests.integration.infra import variants
from tests.integration.infra.variants import LISTS
from tests.support.compiler import evaluated


def test_a_list_means_the_same_however_it_is_spaced() -> None:
    assert variants.spaced().resources == variants.full().resources


def test_a_list_without_an_entry_is_none() -> None:
    empty = evaluated(**dict.fromkeys(LISTS, " , "))

    assert empty.resources == variants.plain().resources
