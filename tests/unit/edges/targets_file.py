"""A targets.yaml with a given text, and the error that it raises."""

from pathlib import Path
from textwrap import dedent

import pytest

from hasten.errors import PermanentError
from hasten.targets import Target
from hasten.targets_file import load

ID = "52cf7b7a-52be-4a9b-9c69-e4d4a4a14f76"


def loaded(folder: Path, text: str) -> tuple[Target, ...]:
    file = folder / "targets.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    return load(file).targets


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(PermanentError) as refused:
        loaded(folder, text)
    assert refused.value.next_action == "correct targets.yaml"
    assert "\n" not in str(refused.value)
    return refused.value.reason
