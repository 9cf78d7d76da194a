"""The catalogue of events: what each class declares, and that the log writes just that."""

import importlib
import json
import logging
import pkgutil
from collections import Counter

import pytest

import hasten
from hasten.adapters import telemetry
from hasten.ports.telemetry import Event
from tests.support.catalogue import CATALOGUE, Declared, classes, declared, sample

PER_EVENT = pytest.mark.parametrize("event", classes(), ids=lambda event: event.__name__)


def test_an_event_and_its_result_have_one_set_of_fields() -> None:
    declared_by = Counter((event.name, result) for event in CATALOGUE for result in event.results)

    assert [pair for pair, times in declared_by.items() if times > 1] == []


@pytest.mark.parametrize("event", CATALOGUE, ids=lambda event: f"{event.name} {event.text[:30]}")
def test_a_problem_is_one_of_the_results(event: Declared) -> None:
    assert event.problems <= event.results
    assert event.text


@PER_EVENT
def test_the_log_writes_name_result_and_the_declared_fields(
    event: type[Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="hasten")
    of = declared(event)

    for result in of.results:
        telemetry.emit(event(result=result, **sample(of)))

    for record, result in zip(caplog.records, of.results, strict=True):
        line = json.loads(record.getMessage())
        assert line == {"event": of.name, "result": result, **sample(of)}
        assert (record.levelno == logging.ERROR) is (result in of.problems)


def test_a_field_that_is_none_is_left_out() -> None:
    [backlog] = [event for event in classes() if event.name == "backlog"]

    made = backlog(result="measured", **{**sample(declared(backlog)), "oldest_change": None})

    assert set(declared(backlog).fields) - set(made.fields) == {"oldest_change"}


def test_every_event_is_declared_in_the_catalogue() -> None:
    for room in pkgutil.walk_packages(hasten.__path__, "hasten."):
        if not room.name.startswith(("hasten.__main__", "hasten.adapters", "hasten.cli")):
            importlib.import_module(room.name)

    assert set(Event.__subclasses__()) == set(classes())
