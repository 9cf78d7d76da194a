"""Whoever posts a wrong event reads in the outcome which field to change, and how: the usual
mistakes of each kind of sender, as that sender writes them on the wire."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hasten.domain.outcomes import REJECTED
from hasten.events.datacontract import NAMESPACE
from tests.support.posting import GROUP, OFFBOARD, Posting, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL


@dataclass(frozen=True)
class Wrong:
    """`make` runs on virtual time. `problem` and `fix` are part of what is published."""

    sender: str
    make: Callable[[], Any]
    field: str
    problem: str
    fix: str


def onboarding(**data: Any) -> dict[str, Any]:
    return event(users=[ref(1)], group=GROUP, **data)


def offboarding(**data: Any) -> dict[str, Any]:
    return event(OFFBOARD, users=[ref(1)], groups=[GROUP], **data)


def in_base64(given: Any) -> str:
    return base64.b64encode(json.dumps(given).encode()).decode()


def pascal_case(given: Any) -> Any:
    """As a .NET serializer writes properties for which nobody has set a naming policy."""
    if isinstance(given, dict):
        return {key[0].upper() + key[1:]: pascal_case(value) for key, value in given.items()}
    return [pascal_case(one) for one in given] if isinstance(given, list) else given


LOGIC_APPS = (
    Wrong(
        "Logic Apps: the body of a trigger that it does not take for JSON",
        lambda: {
            "$content-type": "application/octet-stream",
            "$content": in_base64(onboarding()),
        },
        "body",
        "inside $content",
        "application/json",
    ),
    Wrong(
        "Logic Apps: a message of the Service Bus trigger, passed on as it came",
        lambda: {
            "ContentData": in_base64(onboarding()),
            "ContentType": "application/json",
            "MessageId": "m-1",
            "SequenceNumber": 7,
        },
        "body",
        "inside ContentData",
        "json(base64ToString(…))",
    ),
    Wrong(
        "Logic Apps: Content encoded by hand and again by the connector",
        lambda: in_base64(onboarding()).encode(),
        "body",
        "Base64",
        "send the JSON itself",
    ),
    Wrong(
        "Logic Apps: an expression in a string that is not evaluated",
        lambda: onboarding(startAt="@{triggerBody()?['startDate']}"),
        "data.startAt",
        "did not fill in",
        "name of the variable",
    ),
    Wrong(
        "Logic Apps: the array of a Select action in place of For each",
        lambda: json.dumps([onboarding(), onboarding()]).encode(),
        "body",
        "several events",
        "each event as its own message",
    ),
)
POWER_AUTOMATE = (
    Wrong(
        "Power Automate: string() around the object",
        lambda: json.dumps(json.dumps(onboarding())).encode(),
        "body",
        "JSON string that contains JSON",
        "use json(…)",
    ),
    Wrong(
        "Power Automate: a date column of SharePoint",
        lambda: onboarding(startAt="2027-01-15"),
        "data.startAt",
        "without a time of day",
        "like 2026-11-24T09:00:00Z",
    ),
    Wrong(
        "Power Automate: a date of an Excel table",
        lambda: offboarding(endAt="46402"),
        "data.endAt",
        "a number",
        "like 2026-11-24T09:00:00Z",
    ),
    Wrong(
        "Power Automate: an empty field of a form",
        lambda: onboarding(endAt=None),
        "data.endAt",
        "null",
        "leave the key out",
    ),
    Wrong(
        "Power Automate: convertTimeZone with a format of one country",
        lambda: onboarding(startAt="1/15/2027 9:00 AM"),
        "data.startAt",
        "as one country writes them",
        "like 2026-11-24T09:00:00Z",
    ),
)
DOT_NET = (
    Wrong(
        ".NET: an object given to BrokeredMessage",
        lambda: b"\x40\x05Hired\x08\x33" + NAMESPACE + b"\x01",
        "body",
        "DataContractSerializer",
        "Azure.Messaging.ServiceBus",
    ),
    Wrong(
        ".NET: properties without a naming policy",
        lambda: {**onboarding(), "data": pascal_case(onboarding()["data"])},
        "data.Target",
        "spelt differently",
        "write it as target",
    ),
    Wrong(
        ".NET: a DateTime whose kind is not set",
        lambda: onboarding(startAt="2027-01-15T09:00:00.0000000"),
        "data.startAt",
        "offset from UTC is missing",
        "Z or an offset",
    ),
    Wrong(
        ".NET: DateTime.MinValue for no date",
        lambda: offboarding(endAt="0001-01-01T00:00:00Z"),
        "data.endAt",
        "placeholder",
        "leave the key out",
    ),
    Wrong(
        ".NET: JavaScriptSerializer",
        lambda: json.dumps(offboarding(endAt="/Date(1799917200000)/")).replace("/", "\\/").encode(),
        "data.endAt",
        "/Date(…)/",
        "ISO 8601",
    ),
)
AZURE_DEVOPS = (
    Wrong(
        "Azure DevOps: a variable of the pipeline that is not set",
        lambda: event(users=[{"employeeId": "$(employeeId)"}], group=GROUP),
        "data.users[0].employeeId",
        "did not fill in",
        "name of the variable",
    ),
    Wrong(
        "Azure DevOps: a runtime expression where it is not evaluated",
        lambda: onboarding(startAt="$[variables.startDate]"),
        "data.startAt",
        "did not fill in",
        "name of the variable",
    ),
    Wrong(
        "Azure DevOps: PowerShell makes one item of an array of one",
        lambda: event(users=ref(1), group=GROUP),
        "data.users",
        "not an array",
        "square brackets",
    ),
    Wrong(
        "Azure DevOps: ConvertTo-Json without -Depth",
        lambda: event(users=["@{employeeId=E1}"], group=GROUP),
        "data.users[0]",
        "PowerShell object",
        "-Depth 10",
    ),
    Wrong(
        "Azure DevOps: a date of Windows PowerShell",
        lambda: {**onboarding(), "time": "/Date(1795510800000)/"},
        "time",
        "/Date(…)/",
        "ISO 8601",
    ),
)
HR = (
    Wrong(
        "SAP: a DATS field",
        lambda: offboarding(endAt="20270331"),
        "data.endAt",
        "YYYYMMDD",
        "with time of day and zone",
    ),
    Wrong(
        "SAP: the end of an unlimited contract",
        lambda: onboarding(endAt="99991231"),
        "data.endAt",
        "placeholder",
        "leave the key out",
    ),
    Wrong(
        "SAP: an initial date",
        lambda: onboarding(startAt="00000000"),
        "data.startAt",
        "placeholder",
        "leave the key out",
    ),
    Wrong(
        "SAP: a TIMESTAMP field",
        lambda: {**onboarding(), "time": "20261124090000"},
        "time",
        "YYYYMMDDhhmmss",
        "with a zone",
    ),
    Wrong(
        "SuccessFactors: a date of OData V2",
        lambda: onboarding(startAt="/Date(1799971200000)/"),
        "data.startAt",
        "/Date(…)/",
        "ISO 8601",
    ),
    Wrong(
        "Workday: xsd:date with a zone",
        lambda: onboarding(startAt="2027-01-15-08:00"),
        "data.startAt",
        "Workday",
        "time of day",
    ),
)


@pytest.mark.parametrize(
    "wrong",
    [*LOGIC_APPS, *POWER_AUTOMATE, *DOT_NET, *AZURE_DEVOPS, *HR],
    ids=lambda wrong: str(wrong.sender),
)
def test_a_sender_reads_in_the_outcome_what_to_change(wrong: Wrong) -> None:
    @virtual
    async def run() -> None:
        world = Posting()

        await world.posts(wrong.make())

        [outcome] = world.outcomes()
        first = outcome["details"][0]
        assert outcome["result"] == REJECTED
        assert outcome["details"] == world.faults()
        assert first["field"] == wrong.field
        assert wrong.problem in first["problem"]
        assert wrong.fix in first["fix"]
        assert f"{first['field']}: {first['problem']}" in outcome["reason"]
        assert first["fix"] in outcome["nextAction"]
        assert not await world.intents.open_intents(TOTAL)
        assert not world.sent_on()

    run()
