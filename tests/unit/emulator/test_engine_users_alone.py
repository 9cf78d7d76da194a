"""An app whose job provisions users alone has accounts and no groups."""

import pytest

from emulator.engine import cycle
from emulator.engine.job import Job
from emulator.engine.requests import read
from emulator.graph.errors import GraphError
from tests.unit.emulator.engine_world import World

JOB = Job(id="job", rule="rule", inbound_rule="inbound", has_groups=False)


def body(kind: str, object_id: str) -> dict[str, object]:
    subject = {"objectId": object_id, "objectTypeName": kind}
    return {"parameters": [{"ruleId": "rule", "subjects": [subject]}]}


def test_its_cycle_makes_accounts_without_groups_and_takes_those_that_are_there() -> None:
    world = World()
    ada, amir = world.member("ada"), world.member("amir")
    world.call_group(ada)

    cycle.run(world.app, world.scope, has_groups=False)

    assert {user: account.groups for user, account in world.app.accounts.items()} == {
        ada.id: set(),
        amir.id: set(),
    }


def test_its_rule_maps_no_groups_and_a_call_that_names_one_is_refused() -> None:
    world = World()
    ada = world.member("ada")

    [outbound, _] = JOB.schema()["synchronizationRules"]
    assert [one["sourceObjectName"] for one in outbound["objectMappings"]] == ["User"]
    assert read(body("User", ada.id), JOB, world.directory).subject is ada
    with pytest.raises(GraphError):
        read(body("Group", world.group.id), JOB, world.directory)
