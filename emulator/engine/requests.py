"""Reads the body of an on-demand call and refuses what Entra's documents forbid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.engine.job import Job
from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError, bad_request, not_found
from emulator.graph.objects import Entity

MAX_MEMBERS = 5
"""Maximum number of members of one group in one request; a request takes one group (Entra docs)."""

INVALID = "RequestParameterInvalid"
OBJECT_TYPES = {"User": "user", "Group": "group"}


class OverLimitError(GraphError):
    """The request names more than one call may contain."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "BadRequest", message)


@dataclass(frozen=True)
class Asked:
    """The subject of a call: one user, or one group with up to five of its current or former
    members."""

    subject: Entity
    members: Sequence[Entity] = ()


def read(body: Mapping[str, Any], job: Job, directory: Directory) -> Asked:
    """Reads the request. Raises GraphError: 400 for a bad rule or shape, for a group if the rule
    maps none, or for too many members; 404 for unknown objects."""
    parameters = _listed(body.get("parameters"))
    if not parameters:
        raise bad_request("The request has no parameters.", INVALID)
    subjects = [s for p in parameters for s in _listed(p.get("subjects"))]
    if len(parameters) > 1 or len(subjects) > 1:
        raise OverLimitError("Only one object can be provisioned on demand in one request.")
    _check_rule(str(parameters[0].get("ruleId") or ""), job)
    if not subjects:
        raise bad_request("The request names no subject.", INVALID)
    subject = _object(subjects[0], directory)
    if subject.kind == "group" and not job.has_groups:
        raise bad_request("The rule does not provision groups.", INVALID)
    links = subjects[0].get("links")
    linked = _listed(links.get("members")) if isinstance(links, Mapping) else []
    if len(linked) > MAX_MEMBERS:
        raise OverLimitError(
            f"At most {MAX_MEMBERS} members of a group can be provisioned on demand."
        )
    if linked and subject.kind != "group":
        raise bad_request("Only a group has members.", INVALID)
    return Asked(subject, [_object(member, directory) for member in linked])


def _check_rule(rule: str, job: Job) -> None:
    if rule not in job.rules:
        raise bad_request(
            f"The request identified this synchronization job: {job.id}.  The request also "
            f"identified this synchronization rule: {rule}.  However, the job does not include "
            "the rule.",
            INVALID,
        )


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _object(reference: Mapping[str, Any], directory: Directory) -> Entity:
    """Returns the object, even a softly deleted user: Entra answers that such a user is not
    entitled."""
    object_id, kind = str(reference.get("objectId") or ""), reference.get("objectTypeName")
    if kind not in OBJECT_TYPES:
        raise bad_request(f"The object type '{kind}' is not one of the rule's.", INVALID)
    users = OBJECT_TYPES[str(kind)] == "user"
    entity = (directory.users if users else directory.groups).get(object_id.lower())
    if entity is None or (not users and entity.deleted_at is not None):
        raise not_found(object_id)
    return entity
