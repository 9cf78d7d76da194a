"""Writes the JSON Schemas of the contract: `python -m hasten.events.schema`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaMode

from hasten.events.envelope import ID_MAX_CHARS
from hasten.events.models import EVENT_TYPES
from hasten.events.outgoing import AlertEvent, NoticeEvent, OutcomeEvent, RejectedProperties
from hasten.events.times import PATTERN

SCHEMAS_FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
DIALECT = GenerateJsonSchema.schema_dialect

OUTGOING: Mapping[str, type[BaseModel]] = {
    "hasten.outcome.v1": OutcomeEvent,
    "hasten.alert.v1": AlertEvent,
    "hasten.notice.v1": NoticeEvent,
    "rejected-properties": RejectedProperties,
}


def schemas() -> Mapping[str, str]:
    """Returns the text of each schema by file name."""
    posted = {name: event_schema(name, model) for name, model in EVENT_TYPES.items()}
    sent = {name: _of(model, "serialization") for name, model in OUTGOING.items()}
    return {
        f"{name}.json": json.dumps({"$schema": DIALECT, **schema}, indent=2) + "\n"
        for name, schema in {**posted, **sent}.items()
    }


def event_schema(
    name: str, model: type[BaseModel], ref_template: str = DEFAULT_REF_TEMPLATE
) -> dict[str, Any]:
    """Returns the schema of a CloudEvent in structured mode; extension attributes are allowed."""
    data = _of(model, "validation", ref_template)
    definitions = data.pop("$defs", {})
    attribute = {"type": "string", "minLength": 1, "maxLength": ID_MAX_CHARS}
    return {
        "title": name,
        "description": data.pop("description"),
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time"],
        "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": attribute,
            "source": attribute,
            "type": {"const": name},
            "time": {
                "type": "string",
                "format": "date-time",
                "pattern": f"^{PATTERN}$",
                "description": "When it happened, with offset. The newest event wins.",
            },
            "datacontenttype": {"const": "application/json"},
            "data": data,
            "data_base64": {
                "type": "string",
                "contentEncoding": "base64",
                "description": "The JSON of data in Base64, in place of data.",
            },
        },
        "$defs": definitions,
    }


def _of(
    model: type[BaseModel], mode: JsonSchemaMode, ref_template: str = DEFAULT_REF_TEMPLATE
) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode=mode, ref_template=ref_template)
    schema["title"] = model.__name__
    return schema


def main() -> None:
    SCHEMAS_FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (SCHEMAS_FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
