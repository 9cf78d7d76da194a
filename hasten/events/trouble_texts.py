"""What Hasten publishes about each kind of trouble: the problem and the fix. No text repeats what
was posted: it may be a name or an address."""

from collections.abc import Mapping

from hasten.events.trouble import Trouble
from hasten.limits import MAX_EVENT_BYTES, MAX_PROPERTIES_BYTES

MAX_BODY = MAX_EVENT_BYTES - MAX_PROPERTIES_BYTES
"""Bytes of the body of an event. The rest is room for what a rejected event is parked with, and for
what Service Bus counts besides."""

TEXTS: Mapping[Trouble, tuple[str, str]] = {
    Trouble.MALFORMED: ("the body is not a JSON object{detail}", "send one JSON object in UTF-8"),
    Trouble.TOO_LARGE: (
        f"the body is larger than {MAX_BODY // 1024} KiB",
        "spread the users over several events",
    ),
    Trouble.CUT: (
        "the body is the beginning of a larger one, which Hasten cut to park it",
        "post the event again from its source, with the users spread over several events",
    ),
    Trouble.ENCODING: ("the body is not text in UTF-8{detail}", "encode the JSON in UTF-8"),
    Trouble.COMPRESSED: ("the body is compressed ({detail})", "send the JSON uncompressed"),
    Trouble.XML: ("the body is XML or HTML and not JSON", "send one JSON object in UTF-8"),
    Trouble.DATA_CONTRACT: (
        "the body is an object in the binary XML of .NET (DataContractSerializer)",
        "give BrokeredMessage the JSON as bytes in UTF-8, or use Azure.Messaging.ServiceBus",
    ),
    Trouble.BASE64: (
        "it is Base64 text",
        "send the JSON itself; a designer such as that of Logic Apps encodes Content on its own",
    ),
    Trouble.DOUBLE_ENCODED: (
        "it is a JSON string that contains JSON",
        "send the object itself: serialize once, and in Logic Apps or Power Automate use json(…)",
    ),
    Trouble.DUPLICATE_KEY: ("it is given more than once", "keep one of them"),
    Trouble.NOT_A_NUMBER: (
        "it is NaN, infinite, or a number beyond all bounds, which JSON does not have",
        "leave it out, or write a number that JSON has",
    ),
    Trouble.TOO_DEEP: ("it is nested too deeply: {detail}", "send it as the schema says"),
    Trouble.BATCH: (
        "several events, or an array, in one message",
        "send each event as its own message, without the square brackets",
    ),
    Trouble.EVENT_GRID: (
        "it is an event in the Event Grid schema (eventType, eventTime)",
        "choose the schema CloudEvents 1.0 in Event Grid, or post specversion, type and time",
    ),
    Trouble.WRAPPED: (
        "the event lies inside {detail}",
        "send the event itself as the body of the message",
    ),
    Trouble.NO_ENVELOPE: (
        "the body is data alone, without the attributes of CloudEvents",
        "put it under data, beside specversion, id, source, type and time",
    ),
    Trouble.MIXED_MODES: (
        "the attributes are application properties, and the body is a whole event as well",
        "send data alone as the body, or set the content type to application/cloudevents+json",
    ),
    Trouble.TWO_DATA: ("both data and data_base64 are given", "keep one of them"),
    Trouble.NOT_JSON_DATA: (
        "data of another content type than JSON",
        "set the content type to application/json",
    ),
    Trouble.MISSING: ("it is missing", "add it"),
    Trouble.UNKNOWN_KEY: (
        "there is no such key",
        "remove it or correct its spelling; there are: {detail}",
    ),
    Trouble.SPELLING: ("it is spelt differently from the contract", "write it as {detail}"),
    Trouble.MISPLACED: ("it stands beside data", "move it into data, as {detail}"),
    Trouble.WRONG_TYPE: ("it has the wrong type: {detail}", "send it as the schema says"),
    Trouble.BAD_CHARACTER: (
        "it holds a character that no name has: {detail}",
        "take it out",
    ),
    Trouble.TEMPLATE: (
        "it is an expression that the sender did not fill in",
        "check the name of the variable in the sender, and that it has a value",
    ),
    Trouble.EMPTY: ("it is empty", "give at least one"),
    Trouble.TOO_LONG: ("it is too long: {detail}", "shorten it"),
    Trouble.NOT_AN_ID: ("it is no object id", "give the object id as Entra ID shows it"),
    Trouble.NOT_A_TIME: ("{detail}", "write it like 2026-11-24T09:00:00Z"),
    Trouble.NO_OFFSET: (
        "its offset from UTC is missing",
        "end it with Z or an offset such as +02:00",
    ),
    Trouble.NO_DATE: (
        "it is a placeholder for a date that is not set",
        "leave the key out where no date is known",
    ),
    Trouble.WRONG_VERSION: ("it is not 1.0", 'set specversion to "1.0"'),
    Trouble.UNKNOWN_TYPE: ("there is no such type of event", "use one of: {detail}"),
    Trouble.FUTURE: (
        "it is more than 5 minutes in the future",
        "set it to when the event happened; what is to be done later goes into startAt or endAt",
    ),
    Trouble.TOO_OLD: (
        "it is more than 90 days in the past: newer events about the same people may be forgotten",
        "if this is still wanted, post it again with a new id and time",
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
    Trouble.GONE_USER: (
        "Entra ID has no such user",
        "correct it; for a user who was deleted nothing is left to do",
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
    Trouble.REFUSED: ("{detail}", "see the problem"),
}
"""Trouble → (problem, fix)."""
