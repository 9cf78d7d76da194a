"""docs/model.md maps each action of the model to code that exists."""

import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.model.instances import SMALL, searched

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "model.md").read_text()
COMPOSED = {"init", "step", "look", "drain", "work", "become"}
"""Actions of Quint that only put others together."""

CODE = re.findall(r"`(hasten/[\w/]+\.py):([\w.]+)`", PAGE)


def quint_actions(module: str) -> set[str]:
    text = (ROOT / "model" / f"{module}.qnt").read_text()
    return set(re.findall(r"^  action (\w+)", text, re.MULTILINE)) - COMPOSED


def camel(names: Iterable[str]) -> set[str]:
    """Names of actions without what follows the colon: which of its ends an action had."""
    words = [name.partition(":")[0].split() for name in names]
    return {first + "".join(word.title() for word in others) for first, *others in words}


@pytest.mark.parametrize("module", ["revocation", "writes"])
def test_each_action_is_on_the_page(module: str) -> None:
    assert {name for name in quint_actions(module) if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize(("path", "name"), CODE)
def test_the_code_that_an_action_stands_for_exists(path: str, name: str) -> None:
    found = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)


@pytest.mark.parametrize("module", ["revocation", "writes"])
def test_both_forms_of_a_model_have_the_same_actions(module: str) -> None:
    source = (ROOT / "model" / f"{module}.py").read_text()

    assert camel(re.findall(r'yield \(?\s*"([a-z :]+)"', source)) == quint_actions(module)


@pytest.mark.xdist_group("small instances")
@pytest.mark.parametrize("module", ["revocation", "writes"])
def test_the_search_of_small_instances_takes_each_action(module: str) -> None:
    """But for one: a late call that grants after the revocation needs an instance of `make
    model`."""
    names = [name for name, one in SMALL.items() if type(one).__module__ == f"model.{module}"]

    taken = {action for name in names for action in searched(name).actions}

    assert quint_actions(module) - camel(taken) <= {"logContradicts"}
