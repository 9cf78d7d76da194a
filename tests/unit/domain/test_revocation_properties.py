"""Whatever Entra answers, a revocation ends only if the answer shows the user's account out, and
nothing in it about the user shows the account in."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hasten.domain.changes import State
from hasten.domain.planning import Call
from hasten.domain.verdicts import Answer, read_verdict
from tests.unit.domain.rows import GROUPS, USERS, removal
from tests.unit.domain.settling import settled

OWN = USERS[0]
ENDED = {State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED, State.DONE_BY_CYCLE}
SKIPS = ["RedundantExport", "NotEffectivelyEntitled", "EntrySynchronizationSkipped"]
SHOWN: list[dict[str, Any]] = [
    {"active": "True"},
    {"active": "False"},
    {"Active": False},
    {"active": "False", "Active": "True"},
    {"id": "7"},
    {"IsActive": "False"},
    {},
]

steps = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Matching", "Matching", "Scoping", "Export"]),
        "status": st.sampled_from(["Success", "success", "Skipped", "Failure"]),
        "details": st.sampled_from(SHOWN),
    }
)
properties = st.fixed_dictionaries(
    {
        "displayName": st.sampled_from(["active", "accountEnabled"]),
        "newValue": st.sampled_from(["True", "False", None]),
    }
)
records = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["Disable", "Enable", "Update", "Other"]),
        "sourceIdentity": st.sampled_from([{"id": u} for u in (OWN, USERS[1], GROUPS[0], "")]),
        "provisioningSteps": st.lists(steps, max_size=3),
        "modifiedProperties": st.lists(properties, max_size=1),
    }
)
keys = st.sampled_from(
    [
        {"result": "Success", "details": {}},
        *({"result": "Skipped", "details": {"errorCode": code}} for code in SKIPS),
    ]
)
often = settings(max_examples=6 * settings().max_examples)


def succeeded(step: dict[str, Any]) -> bool:
    return str(step["status"]).casefold() == "success"


def said(record: dict[str, Any]) -> set[str]:
    """What a record about the user says of the account: "in", "out", or both."""
    found = set()
    exports = [step for step in record["provisioningSteps"] if step["type"] == "Export"]
    for step in record["provisioningSteps"]:
        if step["type"] == "Matching" and succeeded(step) and isinstance(step["details"], dict):
            shown = [v for name, v in step["details"].items() if name.casefold() == "active"]
            found |= {{"true": "in", "false": "out"}.get(str(v).casefold(), "?") for v in shown}
            found |= set() if step["details"] else {"out"}
    if all(map(succeeded, exports)):
        new = [
            str(one["newValue"]).casefold()
            for one in record["modifiedProperties"]
            if one["displayName"] == "active"
        ]
        if record["action"] in {"Disable", "Delete"} or "false" in new:
            found.add("taken")
        if record["action"] in {"Enable", "Create"} or "true" in new:
            found.add("given")
    return found


@often
@given(keys, st.lists(records, min_size=1, max_size=2))
def test_a_revocation_ends_on_evidence_about_the_user_alone(
    key: dict[str, Any], listed: list[dict[str, Any]]
) -> None:
    body = json.dumps({"key": json.dumps(key), "value": json.dumps(listed)}).encode()
    row = removal()

    verdict = read_verdict(Answer(200, body), about={OWN})
    after = settled(row, verdict, call=Call(None, (row,), disables=True))

    own = [said(record) for record in listed if record["sourceIdentity"]["id"] in {OWN, ""}]
    shown = set().union(*own) if own else set()
    if after.state is State.IN_SYNC:
        assert "out" in shown
        assert "in" not in shown
    if after.state is State.SUCCEEDED:
        assert "taken" in shown
        assert "given" not in shown


@given(keys, st.lists(records, min_size=1, max_size=2))
def test_a_call_that_does_not_revoke_ends_no_revocation(
    key: dict[str, Any], listed: list[dict[str, Any]]
) -> None:
    """The leaver keeps another assignment."""
    body = json.dumps({"key": json.dumps(key), "value": json.dumps(listed)}).encode()
    row = removal()

    verdict = read_verdict(Answer(200, body))

    for call in (Call(row.group, (row,)), Call(None, (row,))):
        assert settled(row, verdict, call=call).state not in ENDED
