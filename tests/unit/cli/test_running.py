"""What every command has in common: exit codes, one line an error, and asking first."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hasten.adapters.store.sqlite import SqliteStore
from hasten.cli.main import app
from hasten.cli.operator import Operator
from hasten.cli.running import Code, UsageError, run
from hasten.domain.changes import HeldBy
from hasten.domain.row_states import held
from hasten.errors import PermanentError, TemporaryError
from hasten.records.ledger import Ledger
from tests.unit.domain.rows import NOW, removal

ROOT = Path(__file__).parents[3]

SENDER = "Endpoint=sb://127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=b"

TARGETS = "targets:\n  - name: TOTAL\n    display_name: TOTAL\n"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    targets = tmp_path / "targets.yaml"
    targets.write_text(TARGETS)
    values = {
        "HASTEN_TENANT_ID": "7d96d549-841b-4092-9c09-89abae4c860c",
        "HASTEN_CLIENT_STATE_SECRET": "for-this-test-only-and-long-enough",
        "HASTEN_PUBLIC_URL": "https://hasten.example",
        "HASTEN_STORE": f"sqlite:///{tmp_path}/hasten.db",
        "HASTEN_TARGETS": str(targets),
        "ServiceBusConnection": SENDER,
    }
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": values}))
    return file


def code_of(file: Path, work: Callable[[Operator], Awaitable[Code]]) -> int:
    with pytest.raises(typer.Exit) as ended:
        run(file, work)
    return ended.value.exit_code


def raising(error: Exception) -> Callable[[Operator], Awaitable[Code]]:
    async def work(_: Operator) -> Code:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermanentError("Graph answered 403", "grant it"), Code.PROBLEM),
        (TemporaryError("Graph did not answer", timedelta(seconds=5)), Code.PROBLEM),
        (UsageError("no target TOTLA"), Code.USAGE),
    ],
)
def test_an_expected_error_is_one_line_and_a_code(
    error: Exception, code: Code, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(settings, raising(error)) == code

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"{error}\n")


def test_any_other_error_is_a_bug_and_surfaces(settings: Path) -> None:
    with pytest.raises(KeyError):
        run(settings, raising(KeyError("a bug")))


def test_a_bad_line_of_the_targets_is_bad_settings(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.parent / "targets.yaml").write_text("targets:\n  - name: TOTAL\n")

    assert code_of(settings, raising(AssertionError("it must not run"))) == Code.USAGE
    assert capsys.readouterr().err.startswith("targets.yaml line 2: give exactly one of")


def test_a_connection_string_that_is_none_is_one_line_without_what_it_holds(
    settings: Path,
) -> None:
    values = json.loads(settings.read_text())["Values"]
    bad = {"Values": {**values, "ServiceBusConnection": "SharedAccessKey=secret"}}
    settings.write_text(json.dumps(bad))

    result = CliRunner().invoke(
        app, ["replay", "--queue", "onboarding-rejected", "--settings", str(settings)]
    )

    assert result.exit_code == Code.PROBLEM
    assert result.stderr.startswith("ServiceBusConnection is no connection string; set it to")
    assert "secret" not in result.stderr


def test_changes_of_a_group_held_by_many_looks_are_shown_as_one(settings: Path) -> None:
    rows = [
        held(
            replace(removal(n - 58), found_at=NOW + timedelta(seconds=n)),
            HeldBy.BRAKE,
            reason=f"{n} of 100 members left",
            next_action="",
        )
        for n in (59, 60, 58)
    ]
    in_ledger(settings, lambda ledger: ledger.record(rows))

    result = CliRunner().invoke(app, ["release", "TOTAL", "--settings", str(settings)], input="n\n")

    [shown] = [line for line in result.stdout.splitlines() if "held by" in line]
    assert shown.startswith("3 removed of group")
    assert shown.endswith("60 of 100 members left")


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\x9b31m", "${REASON}"])
@pytest.mark.parametrize(
    "command",
    [
        ("stop", "--reason"),
        ("start", "--reason"),
        ("stop", "--reason", "a test", "--by"),
        ("release", "TOTAL", "--reason"),
        ("apply", "--reason"),
        ("provision", "x@y.z", "--reason"),
        ("scheduled", "--drop", "m", "--reason"),
        ("replay", "--queue", "onboarding-rejected", "--drop", "--reason"),
    ],
)
def test_a_reason_that_the_api_refuses_is_refused(command: tuple[str, ...], text: str) -> None:
    result = CliRunner().invoke(app, [*command, text])

    assert result.exit_code == Code.USAGE
    assert f"{command[-1]}: it " in result.stderr


@pytest.mark.parametrize("command", ["release", "discard"])
def test_nothing_is_decided_without_a_yes(command: str, settings: Path) -> None:
    by_brake = held(removal(), HeldBy.BRAKE, reason="60 of 100 members left", next_action="")
    in_ledger(settings, lambda ledger: ledger.record([by_brake]))

    result = CliRunner().invoke(app, [command, "TOTAL", "--settings", str(settings)], input="n\n")

    [left] = in_ledger(settings, lambda ledger: ledger.open_changes("TOTAL"))
    assert (result.exit_code, left) == (Code.PROBLEM, by_brake)
    assert "1 removed of group" in result.stdout
    assert "60 of 100 members left" in result.stdout
    assert "Nothing was done." in result.stdout


def test_a_release_as_json_has_fields_and_does_nothing_without_a_yes(settings: Path) -> None:
    by_brake = held(removal(), HeldBy.BRAKE, reason="60 of 100 members left", next_action="")
    in_ledger(settings, lambda ledger: ledger.record([by_brake]))
    command = ["discard", "TOTAL", "--json", "--settings", str(settings)]

    result = CliRunner().invoke(app, command)

    shown = json.loads(result.stdout)
    [person] = shown.pop("held")
    assert shown == {
        "target": "TOTAL",
        "outcome": "planned",
        "moved": 0,
        "problem": None,
        "proposed": 0,
    }
    assert (person["user"], person["group"]) == (by_brake.user, by_brake.group)
    assert (person["action"], person["held_by"]) == ("removed", "brake")
    assert in_ledger(settings, lambda ledger: ledger.open_changes("TOTAL")) == [by_brake]


def test_an_id_of_which_nothing_is_held_is_an_error_that_names_those_held(settings: Path) -> None:
    by_brake = held(removal(), HeldBy.BRAKE, reason="60 of 100 members left", next_action="")
    in_ledger(settings, lambda ledger: ledger.record([by_brake]))
    mistyped = "0000bbbb-0000-4000-8000-00000000ffff"
    command = ["release", "TOTAL", "--group", mistyped, "--yes", "--settings", str(settings)]

    result = CliRunner().invoke(app, command)

    assert result.exit_code == Code.PROBLEM
    assert f"nothing of group {mistyped} is held by TOTAL" in result.stderr
    assert by_brake.group in result.stderr
    assert in_ledger(settings, lambda ledger: ledger.open_changes("TOTAL")) == [by_brake]


@pytest.mark.parametrize("empty", ["", "  "])
def test_explaining_nobody_is_a_usage_error(empty: str, settings: Path) -> None:
    result = CliRunner().invoke(app, ["explain", empty, "--settings", str(settings)])

    assert result.exit_code == Code.USAGE
    assert result.stderr.startswith("USER is empty")


def in_ledger(settings: Path, do: Callable[[Ledger], Awaitable[Any]]) -> Any:
    async def body() -> Any:
        store = SqliteStore(settings.parent / "hasten.db")
        try:
            return await do(Ledger(store))
        finally:
            await store.close()

    return asyncio.run(body())


def test_a_reader_that_closes_the_pipe_early_sees_no_traceback(settings: Path) -> None:
    command = f"{sys.executable} -m hasten status --settings {settings} | head -c 1"

    ran = subprocess.run(["bash", "-c", command], capture_output=True, check=True, cwd=ROOT)

    assert b"Traceback" not in ran.stderr
