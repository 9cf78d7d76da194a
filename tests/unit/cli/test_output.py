"""What a command prints keeps its meaning in every encoding, in a pipe, and whatever text others
have written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from hasten.cli.printing import as_json, complain, say, table
from hasten.doctor.findings import problem

MOVES = "id\x1b[2J\x9b31m\x07\u202eone\nmore"


@pytest.mark.parametrize(
    "prints", [say, complain, lambda text: table("Parked", "event", rows=[(text,)])]
)
def test_text_of_others_moves_no_cursor(
    prints: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prints(MOVES)

    printed = "".join(capsys.readouterr())
    assert "id�[2J�31m��one" in printed
    assert "more" in printed
    assert not any(one in printed for one in "\x1b\x9b\x07\u202e")


def test_json_of_others_moves_no_cursor_and_keeps_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_json([problem("queue", f"{MOVES}\U000e0001\ud800", "mend it")])

    printed = capsys.readouterr().out
    assert all(one.isprintable() or one == "\n" for one in printed)
    assert "\\u202e" in printed
    assert json.loads(printed)[0]["found"] == f"{MOVES}\U000e0001\ud800"


def test_a_table_in_a_pipe_breaks_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = "0000cccc-0000-4000-8000-000000000001 " * 9

    table("Groups", "id", rows=[(long,)])

    assert long.strip() in capsys.readouterr().out


SAYS = """
import sys
from hasten.cli.printing import complain, say, table
from hasten.doctor.findings import problem
from hasten.cli.doctor import _show
_show([problem("queue", "caf\u00e9 \u2192 \u6771\u4eac", "mend it")])
say("\u2192 done")
complain("\u6771\u4eac")
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_output_survives_an_encoding_that_lacks_its_characters(encoding: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SAYS],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )

    shown = ran.stdout.decode(encoding)
    assert "mend it" in shown
    assert ("→ done" if encoding == "utf-8" else "? done") in shown


JSON = """
from hasten.cli.printing import as_json
from hasten.doctor.findings import problem
as_json([problem("queue", "caf\u00e9 \u2192 \u6771\u4eac", "mend it")])
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_keeps_every_character_in_an_encoding_that_lacks_it(encoding: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", JSON],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )

    [shown] = json.loads(ran.stdout.decode(encoding))
    assert shown["found"] == "caf\u00e9 \u2192 \u6771\u4eac"
