"""What can be wrong with an event: one table of texts. Each names the problem and the fix, and none
repeats what was posted: it may be a name or an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hasten.limits import MAX_EVENT_BYTES

MAX_BODY = MAX_EVENT_BYTES - 64 * 1024
"""Room for what a rejected event is parked with, and for what Service Bus counts besides."""

MOST_FAULTS = 20
"""Told of one event; whoever mends these sees the next ones."""

LONGEST_FIELD = 120
LONGEST_DETAIL = 300


class Trouble(StrEnum):
    """The short reason, the same in messages, outcomes and the log."""

    MALFORMED = "malformed_json"
    TOO_LARGE = "too_large"
    BATCH = "batch"
    NOT_JSON_DATA = "data_not_json"
    MISSING = "missing"
    UNKNOWN_KEY = "unknown_key"
    WRONG_TYPE = "wrong_type"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_AN_ID = "not_an_id"
    NOT_A_TIME = "not_a_time"
    NO_OFFSET = "no_offset"
    WRONG_VERSION = "wrong_version"
    UNKNOWN_TYPE = "unknown_type"
    FUTURE = "future"
    ONE_KEY = "one_key"
    END_BEFORE_START = "end_before_start"
    START_TOO_FAR = "start_too_far"
    END_TOO_FAR = "end_too_far"
    END_PAST = "end_past"
    RULE_AND_MEMBERS = "rule_and_members"
    UNKNOWN_TARGET = "unknown_target"
    UNKNOWN_USER = "unknown_user"
    AMBIGUOUS_USER = "ambiguous_user"
    UNKNOWN_GROUP = "unknown_group"
    AMBIGUOUS_GROUP = "ambiguous_group"
    FORBIDDEN_GROUP = "forbidden_group"
    FORBIDDEN_DIRECT = "forbidden_direct"
    ROLE_ASSIGNABLE = "role_assignable_group"
    NOT_SECURITY = "not_a_security_group"
    DYNAMIC = "dynamic_group"
    REFUSED = "refused"


TEXTS: Mapping[Trouble, tuple[str, str]] = {
    Trouble.MALFORMED: ("the body is not a JSON object", "send one valid JSON object in UTF-8"),
    Trouble.TOO_LARGE: (
        f"the body is larger than {MAX_BODY // 1024} KiB",
        "spread the users over several events",
    ),
    Trouble.BATCH: ("a batch of events in one message", "send each event as its own message"),
    Trouble.NOT_JSON_DATA: (
        "data of another content type than JSON",
        "set the content type to application/json",
    ),
    Trouble.MISSING: ("it is missing", "add it"),
    Trouble.UNKNOWN_KEY: ("there is no such key", "remove it or correct its spelling"),
    Trouble.WRONG_TYPE: ("it has the wrong type: {detail}", "send it as the schema says"),
    Trouble.EMPTY: ("it is empty", "give at least one"),
    Trouble.TOO_LONG: ("it is too long: {detail}", "shorten it"),
    Trouble.NOT_AN_ID: ("it is no object id", "give the object id as Entra ID shows it"),
    Trouble.NOT_A_TIME: (
        "it is no time of RFC 3339",
        "write it like 2026-11-24T09:00:00Z",
    ),
    Trouble.NO_OFFSET: (
        "its offset from UTC is missing",
        "end it with Z or an offset such as +02:00",
    ),
    Trouble.WRONG_VERSION: ("it is not 1.0", 'set specversion to "1.0"'),
    Trouble.UNKNOWN_TYPE: ("there is no such type of event", "use one of: {detail}"),
    Trouble.FUTURE: (
        "it is more than 10 minutes in the future",
        "set it to when the event happened; what is to be done later goes into startAt",
    ),
    Trouble.ONE_KEY: ("it must have exactly one key", "keep one of: {detail}"),
    Trouble.END_BEFORE_START: ("it is not after startAt", "set it to a later time"),
    Trouble.START_TOO_FAR: (
        "it is more than 85 days after the event's time",
        "post the event nearer to the start",
    ),
    Trouble.END_TOO_FAR: (
        "it is more than 2 years ahead",
        "leave it out where no end is known",
    ),
    Trouble.END_PAST: ("it has passed", "set it to a later time, or leave it out"),
    Trouble.RULE_AND_MEMBERS: (
        "members and rule exclude each other",
        "leave out members: the rule alone decides who is one",
    ),
    Trouble.UNKNOWN_TARGET: (
        "there is no such target",
        "use the name of a target as it stands in targets.yaml",
    ),
    Trouble.UNKNOWN_USER: (
        "Entra ID has no such user",
        "correct it, or create the user and replay the event",
    ),
    Trouble.AMBIGUOUS_USER: ("several users match: {detail}", "name the user by id"),
    Trouble.UNKNOWN_GROUP: (
        "Entra ID has no such group",
        "correct it, create the group, or give it create: in targets.yaml",
    ),
    Trouble.AMBIGUOUS_GROUP: ("several groups have this name: {detail}", "name the group by id"),
    Trouble.FORBIDDEN_GROUP: (
        "onboarding events may not touch this group{detail}",
        "name it in targets.yaml under the target's groups; an admin group needs events: allow",
    ),
    Trouble.FORBIDDEN_DIRECT: (
        "onboarding events may not assign users to this target without a group",
        "name a group, or set direct: allow for the target in targets.yaml",
    ),
    Trouble.ROLE_ASSIGNABLE: (
        "the group can be given directory roles{detail}: events never touch such groups",
        "use a group that is not role-assignable",
    ),
    Trouble.NOT_SECURITY: (
        "the group is no plain security group{detail}",
        "use a security group without mail",
    ),
    Trouble.DYNAMIC: (
        "the group is dynamic{detail}: its members follow from its rule alone",
        "change the rule or what it reads of the person, or use an assigned group",
    ),
    Trouble.REFUSED: ("{detail}", "{fix}"),
}
"""Trouble → (problem, fix)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `field` is a path such as data.users[0].upn."""

    trouble: Trouble
    field: str
    problem: str
    fix: str

    def told(self) -> dict[str, str]:
        return {"field": self.field, "problem": self.problem, "fix": self.fix}


def fault(trouble: Trouble, field: str, detail: str = "", fix: str = "") -> Fault:
    problem, mend = TEXTS[trouble]
    detail = detail[:LONGEST_DETAIL]
    return Fault(
        trouble,
        field[:LONGEST_FIELD],
        problem.format(detail=detail),
        mend.format(detail=detail, fix=fix),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """What could be read of an event, whatever else is wrong with it; empty where nothing could."""

    source: str = ""
    id: str = ""
    type: str = ""
    target: str = ""


class InvalidEventError(Exception):
    """The event as a whole cannot be obeyed."""

    def __init__(self, faults: Sequence[Fault], identity: Identity) -> None:
        super().__init__("; ".join(f"{f.field}: {f.problem}" for f in faults))
        self.faults = tuple(faults)[:MOST_FAULTS]
        self.identity = identity
