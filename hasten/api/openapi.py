"""Describes the API in OpenAPI 3.1, from the endpoints and their models:
`python -m hasten.api.openapi` writes docs/openapi.json."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from hasten.api.endpoint import JSON_MEDIA_TYPE, MAX_BODY_BYTES, Endpoint
from hasten.api.endpoints import ENDPOINTS
from hasten.api.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from hasten.api.models import ProblemDetails
from hasten.api.problems import MEDIA_TYPE
from hasten.events.envelope import BATCH, STRUCTURED
from hasten.events.models import EVENT_TYPES
from hasten.events.schema import event_schema

Schema = dict[str, Any]

OPENAPI_FILE = Path(__file__).parents[2] / "docs" / "openapi.json"

REF_TEMPLATE = "#/components/schemas/{model}"
COMMON_STATUSES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
INPUT_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
STATUS_MEANINGS = {
    HTTPStatus.BAD_REQUEST: "A field is wrong: `faults` names it and the fix. Nothing was done.",
    HTTPStatus.UNAUTHORIZED: "The request has no valid token.",
    HTTPStatus.FORBIDDEN: "The caller does not have the app role.",
    HTTPStatus.NOT_FOUND: "What the request names does not exist.",
    HTTPStatus.CONFLICT: "It cannot be done until somebody does `fix`.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body has another type.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests were refused in this minute.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now: try again after `Retry-After`, or the API is closed.",
}


@cache
def document() -> Mapping[str, Any]:
    schemas, definitions = _schemas()
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    paths["/events"]["options"] = _handshake()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hasten",
            "version": "1",
            "description": "Provisions a change in Microsoft Entra ID seconds after it happens. "
            "Each request needs an access token of Entra ID for Hasten's app registration, with "
            "the app role that the operation names.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"entra": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "entra": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "schemas": definitions,
        },
    }


def _schemas() -> tuple[Mapping[tuple[Any, JsonSchemaMode], Schema], Schema]:
    """Returns a reference to the schema of each type, and the schemas."""
    wanted: dict[tuple[Any, JsonSchemaMode], TypeAdapter[Any]] = {
        (ProblemDetails, "serialization"): TypeAdapter(ProblemDetails)
    }
    for endpoint in ENDPOINTS:
        for kind in endpoint.answers.values():
            wanted[kind, "serialization"] = TypeAdapter(kind)
        for model in (endpoint.query, endpoint.body):
            if model is not None:
                wanted[model, "validation"] = TypeAdapter(model)
    inputs = [(key, key[1], adapter) for key, adapter in wanted.items()]
    found, definitions = TypeAdapter.json_schemas(inputs, ref_template=REF_TEMPLATE)
    schemas = {key: schema for (key, _), schema in found.items()}
    return schemas, {**definitions.get("$defs", {}), **_event_schemas()}


def _event_schemas() -> Schema:
    """Returns the schemas of the events, which are those of docs/schemas."""
    found: Schema = {}
    for name, model in EVENT_TYPES.items():
        schema = event_schema(name, model, REF_TEMPLATE)
        found |= schema.pop("$defs")
        found[name] = schema
    return found


def _operation(endpoint: Endpoint, schemas: Mapping[tuple[Any, JsonSchemaMode], Schema]) -> Schema:
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.does,
        "description": f"Needs the app role `{endpoint.role}`.",
        "responses": {
            str(status.value): {
                "description": status.phrase,
                "content": {JSON_MEDIA_TYPE: {"schema": schemas[kind, "serialization"]}},
            }
            for status, kind in endpoint.answers.items()
        },
    }
    refusals = {*COMMON_STATUSES, *endpoint.refusals, HTTPStatus.BAD_REQUEST}
    if endpoint.body:
        refusals |= set(INPUT_STATUSES)
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {MAX_BODY_BYTES} bytes.",
            "content": {JSON_MEDIA_TYPE: {"schema": schemas[endpoint.body, "validation"]}},
        }
    if endpoint.raw:
        operation["requestBody"] = _events()
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _path_names(endpoint.path)
    ]
    if endpoint.query:
        parameters += _query(endpoint.query)
    if parameters:
        operation["parameters"] = parameters
    for status in sorted(refusals):
        operation["responses"][str(status.value)] = {
            "description": STATUS_MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": schemas[ProblemDetails, "serialization"]}},
        }
    return operation


def _path_names(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


def _query(model: Any) -> list[Schema]:
    """Returns the parameters of a model, whose schemas need no definitions of their own."""
    schema = model.model_json_schema(ref_template=REF_TEMPLATE)
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": one.get("description", ""),
            "schema": _inlined(
                {key: value for key, value in one.items() if key != "description"}, definitions
            ),
        }
        for name, one in schema["properties"].items()
    ]


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Returns the schema without references and without null: a parameter is left out instead."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema if one != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {
        key: _inlined(value, definitions)
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }


def _events() -> Schema:
    """Returns the forms in which events may come."""
    event = {"oneOf": [{"$ref": REF_TEMPLATE.format(model=name)} for name in EVENT_TYPES]}
    return {
        "required": True,
        "description": "One CloudEvent in structured mode, in binary mode (attributes in `ce-` "
        f"headers, the data as the body), or a batch of at most {MAX_BATCH_EVENTS} events and "
        f"{MAX_BATCH_BYTES} bytes. A batch may be empty.",
        "content": {
            STRUCTURED: {"schema": event},
            f"{BATCH}+json": {
                "schema": {"type": "array", "maxItems": MAX_BATCH_EVENTS, "items": event}
            },
            JSON_MEDIA_TYPE: {"schema": {"type": "object"}},
        },
    }


def _handshake() -> Schema:
    return {
        "operationId": "consentToDelivery",
        "summary": "Answers the handshake of CloudEvents webhooks (HTTP webhook 1.0.2).",
        "security": [],
        "parameters": [
            {
                "name": "WebHook-Request-Origin",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": "^[a-zA-Z0-9.-]{1,253}$"},
            }
        ],
        "responses": {
            "200": {"description": "Consents. Each delivery still needs a token."},
            "400": {"description": "The origin is no host name."},
            "503": {"description": "The API is closed."},
        },
    }


def text() -> str:
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    OPENAPI_FILE.write_text(text(), encoding="utf-8")
