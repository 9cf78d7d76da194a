"""What host.json decides, and when timers are due."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.functions import options
from emulator.functions.errors import LoadError
from emulator.functions.persistence import FIRST_PAUSE, LAST_PAUSE, pauses
from emulator.functions.timers import next_run


def test_options_missing_from_host_json_have_the_defaults_of_azure(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')

    read = options.read(tmp_path / "host.json")

    assert (read.route_prefix, read.max_calls, read.max_sessions) == ("api", 16, 8)
    assert read.session_idle == timedelta(minutes=1)
    assert read.max_lock_renewal == timedelta(minutes=5)
    assert read.function_timeout == timedelta(minutes=30)


def test_host_json_is_believed(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text(
        '{"functionTimeout": "00:10:00", '
        '"extensions": {"http": {"routePrefix": ""}, "serviceBus": {"maxConcurrentCalls": 2, '
        '"maxConcurrentSessions": 3, "sessionIdleTimeout": "00:00:02.5", '
        '"maxAutoLockRenewalDuration": "01:02:03"}}}'
    )

    read = options.read(tmp_path / "host.json")

    assert (read.route_prefix, read.max_calls, read.max_sessions) == ("", 2, 3)
    assert read.session_idle == timedelta(seconds=2.5)
    assert read.max_lock_renewal == timedelta(hours=1, minutes=2, seconds=3)
    assert read.function_timeout == timedelta(minutes=10)


def test_a_function_timeout_of_minus_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"functionTimeout": "-1"}')

    assert options.read(tmp_path / "host.json").function_timeout is None


@pytest.mark.parametrize(
    "text", ["{", '{"extensions": {"serviceBus": {"sessionIdleTimeout": "2"}}}']
)
def test_a_host_json_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "host.json").write_text(text)

    with pytest.raises(LoadError, match=r"host\.json"):
        options.read(tmp_path / "host.json")


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("*/5 * * * * *", "10:00:05"),
        ("30 * * * * *", "10:00:30"),
        ("0 */5 * * * *", "10:05:00"),
        ("0 0 */6 * * *", "12:00:00"),
        ("*/5 * * * *", "10:05:00"),
    ],
)
def test_a_schedule_begins_with_the_second_and_may_leave_it_out(schedule: str, due: str) -> None:
    now = datetime(2026, 1, 2, 10, 0, 0, tzinfo=UTC)

    assert next_run(schedule, now).strftime("%H:%M:%S") == due


def test_the_pauses_between_attempts_double_up_to_a_limit() -> None:
    first = list(itertools.islice(pauses(), 10))

    assert first[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert first[-1] == LAST_PAUSE
