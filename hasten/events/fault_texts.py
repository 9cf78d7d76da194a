"""Defines what Hasten publishes about each fault: the problem and the fix. No text repeats posted
values, which may be names or addresses."""

from collections.abc import Mapping

from hasten.events.fault_codes import FaultCode
from hasten.limits import MAX_EVENT_BYTES, MAX_PROPERTIES_BYTES

MAX_EVENT_BODY_BYTES = MAX_EVENT_BYTES - MAX_PROPERTIES_BYTES
"""Maximum size in bytes of the body of an event. The rest is room for the reasons of a rejected
event, and for what Service Bus counts in addition."""

FAULT_TEXTS: Mapping[FaultCode, tuple[str, str]] = {
    FaultCode.MALFORMED: ("the body is not a JSON object{detail}", "send one JSON object in UTF-8"),
    FaultCode.TOO_LARGE: (
        f"the body is larger than {MAX_EVENT_BODY_BYTES // 1024} KiB",
        "spread the users over several events",
    ),
    FaultCode.CUT: (
        "the body is the beginning of a larger one, which Hasten cut to park it",
        "post the event again from its source, with the users spread over several events",
    ),
    FaultCode.ENCODING: ("the body is not text in UTF-8{detail}", "encode the JSON in UTF-8"),
    FaultCode.COMPRESSED: ("the body is compressed ({detail})", "send the JSON uncompressed"),
    FaultCode.XML: ("the body is XML or HTML and not JSON", "send one JSON object in UTF-8"),
    FaultCode.DATA_CONTRACT: (
        "the body is an object in the binary XML of .NET (DataContractSerializer)",
        "give BrokeredMessage the JSON as bytes in UTF-8, or use Azure.Messaging.ServiceBus",
    ),
    FaultCode.BASE64: (
        "it is Base64 text",
        "send the JSON itself; a designer such as that of Logic Apps encodes Content on its own",
    ),
    FaultCode.DOUBLE_ENCODED: (
        "it is a JSON string that contains JSON",
        "send the object itself: serialize once, and in Logic Apps or Power Automate use json(…)",
    ),
    FaultCode.DUPLICATE_KEY: ("it is given more than once", "keep one of them"),
    FaultCode.NOT_A_NUMBER: (
        "it is NaN, infinite, or a number beyond all bounds, which JSON does not have",
        "leave it out, or write a number that JSON has",
    ),
    FaultCode.TOO_DEEP: ("it is nested too deeply: {detail}", "send it as the schema says"),
    FaultCode.BATCH: (
        "several events, or an array, in one message",
        "send each event as its own message, without the square brackets",
    ),
    FaultCode.EVENT_GRID: (
        "it is an event in the Event Grid schema (eventType, eventTime)",
        "choose the schema CloudEvents 1.0 in Event Grid, or post specversion, type and time",
    ),
    FaultCode.WRAPPED: (
        "the event lies inside {detail}",
        "send the event itself as the body of the message",
    ),
    FaultCode.NO_ENVELOPE: (
        "the body is data alone, without the attributes of CloudEvents",
        "put it under data, beside specversion, id, source, type and time",
    ),
    FaultCode.MIXED_MODES: (
        "the attributes are application properties, and the body is a whole event as well",
        "send data alone as the body, or set the content type to application/cloudevents+json",
    ),
    FaultCode.TWO_DATA: ("both data and data_base64 are given", "keep one of them"),
    FaultCode.NOT_JSON_DATA: (
        "data of another content type than JSON",
        "set the content type to application/json",
    ),
    FaultCode.MISSING: ("it is missing", "add it"),
    FaultCode.UNKNOWN_KEY: (
        "there is no such key",
        "remove it or correct its spelling; there are: {detail}",
    ),
    FaultCode.SPELLING: ("it is spelt differently from the contract", "write it as {detail}"),
    FaultCode.MISPLACED: ("it stands beside data", "move it into data, as {detail}"),
    FaultCode.WRONG_TYPE: ("it has the wrong type: {detail}", "send it as the schema says"),
    FaultCode.BAD_CHARACTER: (
        "it holds a character that no name has: {detail}",
        "take it out",
    ),
    FaultCode.TEMPLATE: (
        "it is an expression that the sender did not fill in",
        "check the name of the variable in the sender, and that it has a value",
    ),
    FaultCode.EMPTY: ("it is empty", "give at least one"),
    FaultCode.TOO_LONG: ("it is too long: {detail}", "shorten it"),
    FaultCode.NOT_AN_ID: ("it is no object id", "give the object id as Entra ID shows it"),
    FaultCode.NOT_A_TIME: ("{detail}", "write it like 2026-11-24T09:00:00Z"),
    FaultCode.NO_OFFSET: (
        "its offset from UTC is missing",
        "end it with Z or an offset such as +02:00",
    ),
    FaultCode.NO_DATE: (
        "it is a placeholder for a date that is not set",
        "leave the key out where no date is known",
    ),
    FaultCode.WRONG_VERSION: ("it is not 1.0", 'set specversion to "1.0"'),
    FaultCode.UNKNOWN_TYPE: ("there is no such type of event", "use one of: {detail}"),
    FaultCode.FUTURE: (
        "it is more than 5 minutes in the future",
        "set it to when the event happened; what is to be done later goes into startAt or endAt",
    ),
    FaultCode.TOO_OLD: (
        "it is more than 90 days in the past: newer events about the same people may be forgotten",
        "if this is still wanted, post it again with a new id and time",
    ),
    FaultCode.ONE_KEY: ("it must have exactly one key", "keep one of: {detail}"),
    FaultCode.END_BEFORE_START: ("it is not after startAt", "set it to a later time"),
    FaultCode.START_TOO_FAR: (
        "it is more than 85 days after the event's time",
        "post the event nearer to the start",
    ),
    FaultCode.END_TOO_FAR: (
        "it is more than 2 years ahead",
        "leave it out where no end is known",
    ),
    FaultCode.END_PAST: (
        "it has passed, so nobody gets the access",
        "if it is still wanted, set it to a later time; post an offboarding for whoever has it",
    ),
    FaultCode.NOT_A_CALLBACK: (
        "it is no callback of a task of Lifecycle Workflows",
        "send callbackUriPath as the custom task extension gives it",
    ),
    FaultCode.RESUME_OF_ONE: (
        "resume is about one user, and there are several",
        "name one user, or leave out resume",
    ),
    FaultCode.RULE_AND_MEMBERS: (
        "members and rule exclude each other",
        "leave out members: the rule alone decides who is one",
    ),
    FaultCode.UNKNOWN_TARGET: (
        "there is no such target",
        "use the name of a target as it stands in targets.yaml",
    ),
    FaultCode.UNKNOWN_USER: (
        "Entra ID has no such user",
        "correct it, or create the user and replay the event",
    ),
    FaultCode.GONE_USER: (
        "Entra ID has no such user",
        "correct it; a deleted user is found by id alone, and the app may still give access",
    ),
    FaultCode.AMBIGUOUS_USER: ("several users match: {detail}", "name the user by id"),
    FaultCode.UNKNOWN_GROUP: (
        "Entra ID has no such group",
        "correct it, create the group, or give it create: in targets.yaml",
    ),
    FaultCode.AMBIGUOUS_GROUP: ("several groups have this name: {detail}", "name the group by id"),
    FaultCode.FORBIDDEN_GROUP: (
        "onboarding events may not touch this group{detail}",
        "name it in targets.yaml under the target's groups; an admin group needs events: allow",
    ),
    FaultCode.STRANGER_GROUP: (
        "somebody else made a group of a name in the policy{detail}",
        "check that group; python -m hasten apply adopts it, or name yours by id in targets.yaml",
    ),
    FaultCode.NEEDS_CREATE: (
        "the policy of the group lets no event set it",
        "leave it out, or give the group create: in targets.yaml",
    ),
    FaultCode.FORBIDDEN_DIRECT: (
        "onboarding events may not assign users to this target without a group",
        "name a group, or set direct: allow for the target in targets.yaml",
    ),
    FaultCode.ROLE_ASSIGNABLE: (
        "the group can be given directory roles{detail}: events never touch such groups",
        "use a group that is not role-assignable",
    ),
    FaultCode.NOT_SECURITY: (
        "the group is no plain security group{detail}",
        "use a security group without mail",
    ),
    FaultCode.DYNAMIC: (
        "the group is dynamic{detail}: its members follow from its rule alone",
        "change the rule or what it reads of the person, or use an assigned group",
    ),
    FaultCode.SYNCED: (
        "the group comes from an on-premises directory{detail}: nobody can change it in Entra ID",
        "change its members in the on-premises directory, or use a group of Entra ID",
    ),
    FaultCode.REFUSED: ("{detail}", "see the problem"),
}
"""FaultCode → (problem, fix)."""
