"""Defines an endpoint of the API: one value from which both the route and its description in
OpenAPI are made."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hasten.api.app import context_of
from hasten.api.caller import Caller, Role
from hasten.api.door import admitted
from hasten.api.problems import NOBODY_KEEPS_IT, ApiError
from hasten.context import Context
from hasten.events.wire import UnreadableBodyError, parsed
from hasten.json import Json
from hasten.printable import printable
from hasten.wrong_values import wanted

MAX_BODY_BYTES = 64 * 1024
"""Bytes of the body of a decision. 1,000 people by UPN take some 50 KiB."""

JSON_MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`value` is of the type that the endpoint declares for the status."""

    value: Any = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One valid request of a caller who may send it. `query` and `body` are of the models that the
    endpoint declares."""

    context: Context
    caller: Caller
    request: Request
    query: Any = None
    body: Any = None

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])


class Nothing(BaseModel):
    """The parameters of a path that has none."""

    model_config = ConfigDict(extra="forbid")


Handler = Callable[[ApiRequest], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`answers` gives the type of each successful answer; None has no body. `refusals` are the
    statuses of problems that are not every endpoint's. `raw` says that the handler reads the body
    itself."""

    method: str
    path: str
    name: str
    does: str
    role: Role
    handler: Handler
    answers: Mapping[HTTPStatus, Any]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    refusals: tuple[HTTPStatus, ...] = ()
    raw: bool = False

    def route(self) -> Route:
        async def serve(request: Request) -> Response:
            caller = await admitted(request, self.role)
            call = ApiRequest(
                context=context_of(request),
                caller=caller,
                request=request,
                query=_query(self.query or Nothing, request),
                body=await _body(self.body, request) if self.body else None,
            )
            if not self.body and not self.raw:
                await _no_body(request)
            return self.response(await self.handler(call))

        return Route(self.path, serve, methods=[self.method], name=self.name)

    def response(self, answer: Reply) -> Response:
        headers = {**NOBODY_KEEPS_IT, **answer.headers}
        kind = self.answers[answer.status]
        if kind is None:
            return Response(None, answer.status, headers)
        text = adapter(kind).dump_json(answer.value)
        return Response(text, answer.status, headers, media_type=JSON_MEDIA_TYPE)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Returns the serializer of a type, which takes milliseconds to make."""
    return TypeAdapter(kind)


def _query(model: type[BaseModel], request: Request) -> BaseModel:
    """Returns the parameters. Raises ApiError 400 that names each wrong one. A parameter that takes
    several values may be repeated; any other may not."""
    given: dict[str, Any] = {}
    lists = {name for name, one in model.model_fields.items() if "list" in str(one.annotation)}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if name not in lists and len(values) > 1:
            raise bad_request([_fault(f"query.{name}", "it is given twice", "give it once")])
        given[name] = values if name in lists else values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise bad_request(_faults(error, "query", model)) from None


async def _body(model: type[BaseModel], request: Request) -> BaseModel:
    """Raises ApiError 400, 413 and 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_MEDIA_TYPE:
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the body is not declared as JSON",
            f"send the header Content-Type: {JSON_MEDIA_TYPE}",
        )
    body = await bounded(request, MAX_BODY_BYTES)
    try:
        found = parsed(body)
    except UnreadableBodyError as error:
        raise bad_request([fault.as_dict() for fault in error.faults]) from None
    try:
        return model.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise bad_request(_faults(error, "body", model)) from None


async def bounded(request: Request, limit: int) -> bytes:
    """Returns the body. Raises ApiError 413."""
    body = await request.body()
    if len(body) > limit:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body has more than {limit} bytes",
            "send it in several requests",
        )
    return body


async def _no_body(request: Request) -> None:
    if await request.body():
        raise bad_request([_fault("body", "the request has a body", "leave the body out")])


def bad_request(faults: list[Json]) -> ApiError:
    """Returns the error for a request at fault; `faults` names each field and its fix."""
    first = faults[0]
    return ApiError(
        HTTPStatus.BAD_REQUEST,
        f"{first['field']}: {first['problem']}",
        str(first["fix"]),
        faults=faults,
    )


def _faults(error: ValidationError, root: str, model: type[BaseModel]) -> list[Json]:
    found = error.errors(include_url=False, include_input=False)
    return [_read(one["type"], one["loc"], wanted(one), root, model) for one in found[:20]]


def _read(
    kind: str, location: tuple[int | str, ...], message: str, root: str, model: type[BaseModel]
) -> Json:
    field = ".".join([root, *map(str, location)])[:200]
    if kind == "missing":
        return _fault(field, "it is missing", "add it")
    if kind == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return _fault(field, "it is unknown", f"one of {known}" if known else "leave it out")
    return _fault(field, message, "correct it; /api/v1/openapi.json describes it")


def _fault(field: str, problem: str, fix: str) -> Json:
    return {"field": printable(field), "problem": problem, "fix": fix}
