"""What the log says of an exception that nobody expected."""

from collections.abc import Callable
from types import CodeType, FunctionType

import pytest

from hasten.domain.policy_difference import differences
from hasten.domain.unexpected import LONGEST_TRACE, MOST_CAUSES, Unexpected


def of(work: Callable[[], object]) -> Unexpected:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the subject
        return Unexpected.of(error)
    raise AssertionError("it did not raise")


def in_file(path: str, work: Callable[[], object]) -> Callable[[], object]:
    """Returns a function that calls `work` and seems to be in the file."""

    def call() -> object:
        return work()

    code: CodeType = call.__code__.replace(co_filename=path, co_firstlineno=7)
    return FunctionType(code, {}, "call", None, call.__closure__)


def fails() -> object:
    raise KeyError("x")


def refuses() -> object:
    raise ValueError("'Ada Berg' is ada@contoso.example")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/srv/app/hasten/watch/look.py", "KeyError at hasten/watch/look.py:"),
        ("/home/hasten/app/hasten/watch/look.py", "KeyError at hasten/watch/look.py:"),
        ("/srv/app/handlers/queues.py", "KeyError at handlers/queues.py:"),
        ("/usr/lib/python3/asyncio/runners.py", "KeyError"),
    ],
)
def test_the_reason_names_the_exception_and_the_last_place_in_hasten(path: str, place: str) -> None:
    reason = of(in_file("/srv/app/hasten/outer.py", in_file(path, fails))).reason
    alone = of(in_file(path, fails)).reason

    assert alone.startswith(place)
    assert (":" in alone) is ("at" in place)
    assert reason.startswith(place if "at" in place else "KeyError at hasten/outer.py:")


def test_the_trace_has_no_path_of_a_machine_and_names_nobody() -> None:
    trace = of(in_file("/usr/lib/python3/asyncio/runners.py", refuses)).trace

    lines = trace.split("\n")
    assert lines[1].startswith("  asyncio/runners.py:")
    assert lines[1].endswith(" in call")
    assert lines[-1] == "ValueError: '…' is …"
    assert "/usr" not in trace


def test_the_trace_begins_with_the_first_cause() -> None:
    def caused() -> None:
        try:
            fails()
        except KeyError as error:
            raise ValueError("second") from error

    def during() -> None:
        try:
            fails()
        except KeyError:
            raise ValueError("second")  # noqa: B904 - without a cause

    def instead() -> None:
        try:
            fails()
        except KeyError:
            raise ValueError("second") from None

    for work, names in ((caused, 2), (during, 2), (instead, 1)):
        last = [line for line in of(work).trace.split("\n") if not line.startswith("  ")]
        assert last == ["KeyError: '…'", "ValueError: second"][-names:]


def test_only_the_end_of_a_long_trace_is_kept() -> None:
    def deep(level: int) -> None:
        if level == 0:
            fails()
        deep(level - 1)

    trace = of(lambda: deep(400)).trace

    assert len(trace) == LONGEST_TRACE
    assert trace.endswith("KeyError: '…'")


def test_of_a_long_chain_the_last_causes_are_kept() -> None:
    error = ValueError()
    for _ in range(MOST_CAUSES):
        error, cause = ValueError(), error
        error.__cause__ = cause

    assert Unexpected.of(error).trace.split("\n") == ["ValueError"] * MOST_CAUSES


def test_a_policy_whose_items_have_an_id_or_a_name_is_compared_by_it() -> None:
    old, new = ({"groups": [{"id": "7", "x": x}, {"name": "n", "x": x}]} for x in (1, 2))

    assert differences(old, new) == ["groups[7].x: 1 -> 2", "groups[n].x: 1 -> 2"]
