"""The log: one line of JSON for each decision, and no chatter of libraries beside it."""

import json
import logging

import pytest

from hasten.adapters import telemetry
from hasten.ports.telemetry import Event


@pytest.mark.parametrize(("problem", "level"), [(False, logging.INFO), (True, logging.ERROR)])
def test_an_event_is_one_line_of_json(
    caplog: pytest.LogCaptureFixture, *, problem: bool, level: int
) -> None:
    caplog.set_level(logging.INFO, logger="hasten")

    telemetry.log(Event("call", "sent", {"users": ["a"], "waited_ms": 7}, problem=problem))

    [record] = caplog.records
    assert record.levelno == level
    assert json.loads(record.getMessage()) == {
        "event": "call",
        "result": "sent",
        "users": ["a"],
        "waited_ms": 7,
    }


def test_libraries_do_not_tell_of_every_request(caplog: pytest.LogCaptureFixture) -> None:
    telemetry.quieten()

    logging.getLogger("httpx").info("HTTP Request: GET https://graph.microsoft.com/")
    logging.getLogger("azure.core.pipeline").info("Request URL")

    assert caplog.records == []
