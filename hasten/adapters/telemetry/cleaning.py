"""Cleans each record before it leaves the process. The code that creates an event leaves out names
and secrets; this removes those inside a text of Graph, of an app or of a library."""

import re
from dataclasses import replace
from typing import Any

from hasten.adapters.telemetry.record import TelemetryRecord
from hasten.domain.redaction import EMAIL_ADDRESS

TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|\bBearer\s+\S+", re.IGNORECASE)
SECRET_PARAMETER = re.compile(
    r"(\bSharedAccessKey|\bSharedAccessSignature|\bAccountKey|\bclientState|\bclient_secret"
    r"|[?&]sig|[?&]code)([\"']?\s*[=:]\s*[\"']?)[^\s\"'&;,]+",
    re.IGNORECASE,
)


def cleaned(record: TelemetryRecord) -> TelemetryRecord:
    return replace(record, fields={name: _clean(value) for name, value in record.fields.items()})


def clean_text(text: str) -> str:
    """Returns the text without addresses, tokens and secrets."""
    return EMAIL_ADDRESS.sub("…", SECRET_PARAMETER.sub(r"\1\2…", TOKEN.sub("…", text)))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
