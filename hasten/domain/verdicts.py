"""Reads the answer to an on-demand call. HTTP 200 alone means nothing: the verdict is JSON inside
strings, in one of three known shapes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from hasten.domain import account
from hasten.domain.account import Account
from hasten.domain.answer_steps import steps_said
from hasten.domain.bounded_json import json_in
from hasten.domain.connector_errors import (
    NEXT_ACTIONS,
    NOT_EFFECTIVELY_ENTITLED,
    REDUNDANT_EXPORT,
    RULE_UNKNOWN,
    TRANSIENT,
    UNANSWERED_BY_APP,
)
from hasten.domain.entra_words import code_of, status_of
from hasten.domain.failing import failing_step, property_named, property_skipped
from hasten.domain.missing_objects import names_what_is_missing
from hasten.domain.redaction import evidence, redacted

UNREADABLE = "UnreadableAnswer"
"""Code of an answer without a verdict: a proxy's page, truncated JSON, or an unknown shape."""

WARNED = "Entra ID answered with a warning"
"""Reason of an answer with the status `warning` (Graph, provisioningStatusInfo). Microsoft does not
document what a warning leaves undone, so it takes nothing, as in the provisioning log."""

THROTTLED_REASON = f"HTTP {HTTPStatus.TOO_MANY_REQUESTS:d}"
"""Beginning of the reason of an answer with the result THROTTLED."""

CANNOT_ACT = "where on-demand provisioning cannot act"
"""End of the reason of a row whose user is disabled or deleted in Entra."""

NOT_COUNTED = "Entra does not count the user as assigned"

LATER_STATUSES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY}
)
"""Statuses below 500 after which the same request may succeed later (RFC 9110, 4918, 8470)."""


class Result(StrEnum):
    SUCCEEDED = "succeeded"
    IN_SYNC = "in_sync"
    NOT_ENTITLED = "not_entitled"
    DISABLED = "disabled"
    TRANSIENT = "transient"
    """The app answered with a transient error."""

    UNAVAILABLE = "unavailable"
    """Graph or Entra gave no usable answer, so nothing is known about any user in the call."""

    THROTTLED = "throttled"
    NOT_PERMITTED = "not_permitted"
    UNKNOWN_JOB = "unknown_job"
    REROUTED = "rerouted"
    """No answer of Entra: the job or its rule has changed, and Hasten repeats the call."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """The raw answer of Graph. `retry_after` is the value of its Retry-After header, if any."""

    status: int
    body: bytes
    retry_after: timedelta | None = None

    @property
    def accepted(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of an answer. `code` comes from the app or Entra; `evidence` is the answer,
    redacted and limited in length. `took` is set when a successful export took an account away,
    `removes` when a success names a removal, made or not, and `is_skip` when Entra skipped the
    user, for whatever reason. `account` is the account as the matching step found it, before the
    export. `steps` is what each step said, in words."""

    result: Result
    code: str = ""
    reason: str = ""
    next_action: str = ""
    retry_after: timedelta | None = None
    evidence: str = ""
    took: bool = False
    removes: bool = False
    is_skip: bool = False
    account: Account = Account.UNKNOWN
    steps: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Returns whether the call has no effect after its answer. Without an answer, or if the app
        gave Entra ID none, it may still have one."""
        return self.result is not Result.UNAVAILABLE and self.code not in UNANSWERED_BY_APP


def read_verdict(answer: Answer, *, about: Collection[str] = ()) -> Verdict:
    """Reads an answer. Never raises: an answer that it cannot read is UNAVAILABLE, with the
    evidence kept. `about` holds the object ids of the users whom the call named without a group: a
    record about another object shows nothing about them."""
    if not answer.accepted:
        return _refused(answer)
    body = _json(answer.body)
    if not isinstance(body, Mapping):
        return _unreadable(answer)
    key, values = _json(body.get("key")), _records(_json(body.get("value")))
    if any(one.get("error") for one in (body, _mapping(key), *values)):
        return _unreadable(answer)
    own = [record for record in values if not about or account.is_of(record, about)]
    return replace(_read(answer, key, values, own), steps=steps_said(values))


def _read(
    answer: Answer, key: Any, values: list[Mapping[str, Any]], own: list[Mapping[str, Any]]
) -> Verdict:
    """All records decide about the result, since the worst of them counts. Those in `own` show the
    account of the user."""
    result, code, message = _outcome(key, values)
    named = _blamed(result, values, message)
    step = failing_step(values) if result == "failure" else None
    kept = evidence(answer.body, named=named, step=step)
    found = account.matched(own)
    match result:
        case "success" | "warning":
            is_whole = result == "success" and not code
            said = "" if result == "success" else WARNED
            done = Verdict(Result.SUCCEEDED, code, said, evidence=kept, account=found)
            removes = any(map(account.names_removal, own))
            return replace(done, took=is_whole and account.took(own), removes=removes)
        case "skipped":
            return replace(_skipped(code, own, kept, named), account=found, is_skip=True)
        case "failure":
            return _failed(code, message, kept, named)
    return _unreadable(answer)


def _outcome(key: Any, values: list[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Returns (result, error code, message) from `key` if it is JSON and from the status of each
    record in `value`, else from the steps. Where they disagree, the worst decides.
    """
    said: list[tuple[str, str, str]] = []
    if isinstance(key, Mapping) and key.get("result") is not None:
        details = _mapping(key.get("details"))
        code = _code(details.get("errorCode") or account.skip_reason(values))
        said.append((status_of(key["result"]), code, str(details.get("errorMessage") or "")))
    for info in (record.get("statusInfo") for record in values):
        told = _mapping(info)
        if told.get("status") is not None or (info is not None and info is not told):
            code = _code(told.get("errorCode") or account.skip_reason(values))
            said.append((status_of(told.get("status")), code, str(told.get("reason") or "")))
    if said:
        return max(said, key=lambda one: _badness(one[0]))
    words = [status_of(step.get("status")) for step in account.steps(values)]
    if not words:
        return "", "", ""
    return max(words, key=_badness), _code(account.skip_reason(values)), ""


def _badness(word: str) -> int:
    """Ranks a result word. An unknown word is the worst, because its meaning is unknown."""
    return {"success": 0, "warning": 1, "skipped": 2, "failure": 3}.get(word, 4)


def _blamed(result: str, values: list[Mapping[str, Any]], message: str) -> str:
    """Returns the property that a failure or a skip blames, if any."""
    match result:
        case "failure":
            return property_named(values, message)
        case "skipped":
            return property_skipped(values)
    return ""


def _skipped(code: str, values: list[Mapping[str, Any]], kept: str, named: str) -> Verdict:
    if code == REDUNDANT_EXPORT:
        return Verdict(Result.IN_SYNC, code, "the app already has this state", evidence=kept)
    if code == NOT_EFFECTIVELY_ENTITLED:
        if _detail(values, "IsActive", "Active in the source system") == "false":
            return Verdict(
                Result.DISABLED,
                code,
                f"the user is disabled in Entra, {CANNOT_ACT}",
                "none: Entra's own cycle disables the account in the app",
                evidence=kept,
            )
        return Verdict(
            Result.NOT_ENTITLED,
            code,
            NOT_COUNTED,
            evidence=kept,
        )
    return _failed(code, "skipped", kept, named)


def _failed(code: str, message: str, kept: str, named: str = "") -> Verdict:
    """Reads a failure. `named` is the property that the answer blames, if any."""
    reason = f"{code or 'no error code'}: {redacted(message)}" if message else code
    if code in TRANSIENT:
        return Verdict(Result.TRANSIENT, code, reason, evidence=kept)
    next_action = NEXT_ACTIONS.get(code, "read the evidence and the provisioning log of the app")
    if named:
        next_action = (
            f"{next_action}; the answer names the property {named}: check its mapping and value"
        )
    return Verdict(Result.FAILED, code, reason, next_action, evidence=kept)


def _refused(answer: Answer) -> Verdict:
    """Reads an answer of Graph itself, given before any provisioning."""
    body = _json(answer.body)
    error = _mapping(_mapping(body).get("error"))
    code, message = _code(error.get("code")), str(error.get("message") or "")
    reason = redacted(f"HTTP {answer.status} {code} {message}".strip())
    kept = evidence(answer.body)
    retry_after = answer.retry_after
    match answer.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Verdict(Result.THROTTLED, code, reason, "", retry_after, kept)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Verdict(
                Result.NOT_PERMITTED,
                code,
                reason,
                "grant the identity Synchronization.ReadWrite.All (or make it owner of the "
                "enterprise application and grant Application.ReadWrite.OwnedBy)",
                evidence=kept,
            )
        case HTTPStatus.NOT_FOUND if names_what_is_missing(error):
            return Verdict(Result.UNKNOWN_JOB, code, reason, evidence=kept)
        case HTTPStatus.BAD_REQUEST if code == RULE_UNKNOWN:
            return Verdict(Result.UNKNOWN_JOB, code, reason, evidence=kept)
        case HTTPStatus.NOT_FOUND:  # of a proxy
            return replace(_unreadable(answer), reason=reason)
        case status if status in LATER_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Verdict(Result.UNAVAILABLE, code, reason, "", retry_after, kept)
        case _ if not error:
            return replace(_unreadable(answer), reason=reason)
    return Verdict(
        Result.FAILED, code, reason, "read the evidence: Graph refused the request", None, kept
    )


def _unreadable(answer: Answer) -> Verdict:
    return Verdict(
        Result.UNAVAILABLE,
        UNREADABLE,
        "the answer has none of the known shapes",
        "read the evidence and check the provisioning log of the app",
        evidence=evidence(answer.body),
    )


def _json(text: Any) -> Any:
    """Returns the value in `text`, or None if it is not JSON (a type name, for example). A value
    that is no text has been read already."""
    if isinstance(text, Mapping | list):
        return text
    return json_in(text) if isinstance(text, str | bytes) else None


def _records(value: Any) -> list[Mapping[str, Any]]:
    """Returns the records. One that is no object counts as one that says nothing."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [_mapping(record) for record in listed]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _code(value: Any) -> str:
    """Returns a code without names and of limited length, because an app may put anything there."""
    return code_of(redacted(str(value or "")))


def _detail(values: list[Mapping[str, Any]], *names: str) -> str:
    """Returns, in lower case, the last detail of a step that has one of `names`. The names are
    display text, of which the case does not count."""
    wanted = {name.casefold() for name in names}
    found = [
        str(value)
        for step in account.steps(values)
        for name, value in _mapping(step.get("details")).items()
        if str(name).casefold() in wanted
    ]
    return found[-1].casefold() if found else ""
