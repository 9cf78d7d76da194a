"""An exception that leaves a function names nobody: the runtime of Azure Functions writes its text,
and the text of its causes, into the log."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from emulator.functions.app import HTTP
from hasten.adapters.telemetry import continued
from hasten.adapters.telemetry.failures import FunctionFailedError
from hasten.errors import Conflict, PermanentError, TemporaryError
from tests.support.virtual_time import virtual
from tests.unit.handlers.test_opening import FUNCTIONS, argument, of, request

ADDRESS, NAME = "kim.lee@contoso.example", "Kim Lee"
SAID = f"no entry for '{NAME}' <{ADDRESS}>"

ERRORS: list[Callable[[], Exception]] = [
    lambda: KeyError(SAID),
    lambda: ValueError(SAID),
    lambda: PermanentError(f"Graph answered 404 about {ADDRESS}", f"look at {ADDRESS}"),
    lambda: TemporaryError(f"Graph answered 503 about {ADDRESS}", timedelta(seconds=5)),
    lambda: Conflict(f"row of {ADDRESS}"),
]


def shown(error: BaseException) -> str:
    """All that a runtime can write of an exception."""
    return "".join(traceback.format_exception(error)) + str(error) + repr(error)


@contextmanager
def failing() -> Iterator[list[str]]:
    texts: list[str] = []
    with pytest.raises(FunctionFailedError) as raised:
        yield texts
    texts.append(shown(raised.value))


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: type(make()).__name__)
def test_whatever_ends_a_function_its_text_and_its_causes_are_cleaned(
    make: Callable[[], Exception],
) -> None:
    with failing() as texts, continued("sweep"):
        raise make() from make()

    assert type(make()).__name__ in texts[0]
    assert ADDRESS not in texts[0]
    assert NAME not in texts[0]


def test_what_an_operator_must_do_and_where_a_defect_is_are_still_said() -> None:
    with failing() as refused, continued("sweep"):
        raise PermanentError("setting HASTEN_STORE is missing", "set HASTEN_STORE")
    with failing() as crashed, continued("sweep"):
        raise KeyError(SAID)

    assert "setting HASTEN_STORE is missing; set HASTEN_STORE" in refused[0]
    assert "test_failing_functions.py" in crashed[0]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_ends_with_another_exception(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise KeyError(SAID)

    monkeypatch.setattr("hasten.app.targets_file.load", breaks)

    @virtual
    async def invoke() -> None:
        given = request(name) if name in of(HTTP) else argument(name)
        with failing() as texts:
            await FUNCTIONS[name].run(given)
        assert ADDRESS not in texts[0]
        assert NAME not in texts[0]

    invoke()
