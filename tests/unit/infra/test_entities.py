"""The queues and the topic: what the code needs of them is what infra/entities.json declares."""

import ast
import json
from pathlib import Path
from typing import Any

from hasten.ports import bus
from scripts import servicebus_emulator_config
from tests.unit.infra.templates import INFRA, ROOT

ENTITIES: dict[str, Any] = json.loads((INFRA / "entities.json").read_text())
QUEUES: dict[str, dict[str, Any]] = {queue["name"]: queue for queue in ENTITIES["queues"]}
TOPICS: dict[str, dict[str, Any]] = {topic["name"]: topic for topic in ENTITIES["topics"]}

NAMES = {
    name: value
    for name, value in vars(bus).items()
    if name.isupper() and isinstance(value, str) and value != bus.ALARM
}
"""The queues and the topic of hasten/ports/bus.py, by the name of their constant."""

RELIES_ON_DUPLICATE_DETECTION = {
    bus.DIRECTORY_CHANGES,  # a burst of notifications becomes one look
    bus.ENSURE,  # many causes of one wish become one message
    bus.PROVISIONING_OUTCOMES,  # an outcome may be published again
}


def triggers() -> dict[str, bool]:
    """The queues that handlers read, each with whether its trigger asks for sessions."""
    found: dict[str, bool] = {}
    for file in (ROOT / "handlers").glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and _name_of(call) == "service_bus_queue_trigger":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                queue = given["queue_name"]
                assert isinstance(queue, ast.Name), f"{file.name}: name the queue by its constant"
                sessions = given.get("is_sessions_enabled")
                found[NAMES[queue.id]] = isinstance(sessions, ast.Constant) and bool(sessions.value)
    return found


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def test_every_queue_and_topic_of_the_code_is_declared_and_every_declared_one_is_of_the_code() -> (
    None
):
    assert set(NAMES.values()) == set(QUEUES) | set(TOPICS)


def test_a_queue_has_sessions_where_its_trigger_asks_for_them_and_nowhere_else() -> None:
    asked = triggers()

    assert not any(asked.values()), "a lease in the store serialises the work of a target"
    assert {name: QUEUES[name]["requiresSession"] for name in asked} == asked


def test_the_code_knows_which_queues_drop_duplicates() -> None:
    drop = {name for name, queue in QUEUES.items() if queue["requiresDuplicateDetection"]}

    assert drop == bus.DROPS_DUPLICATES


def test_duplicate_detection_is_where_the_code_relies_on_it() -> None:
    declared = QUEUES | TOPICS

    assert all(
        declared[name]["requiresDuplicateDetection"] for name in RELIES_ON_DUPLICATE_DETECTION
    )


def test_only_the_parking_queue_and_the_topic_have_no_trigger() -> None:
    assert set(NAMES.values()) - set(triggers()) <= {
        bus.ONBOARDING_REJECTED,
        bus.PROVISIONING_OUTCOMES,
        bus.ONBOARDING_EVENTS,
        bus.ENSURE,
    }


def test_the_configuration_of_the_service_bus_emulator_is_made_from_the_same_file() -> None:
    committed = servicebus_emulator_config.CONFIG.read_text()

    assert committed == servicebus_emulator_config.text()


def test_a_change_of_the_entities_changes_that_configuration() -> None:
    changed = json.loads(json.dumps(ENTITIES))
    changed["queues"][0]["lockDuration"] = "PT2M"

    made = servicebus_emulator_config.configuration(changed)

    assert made != json.loads(servicebus_emulator_config.CONFIG.read_text())


def test_the_emulator_is_not_asked_for_more_than_it_takes() -> None:
    entity = {
        "name": "q",
        "maxDeliveryCount": 1000,
        "defaultMessageTimeToLive": "P14D",
        "duplicateDetectionHistoryTimeWindow": "P1D",
        "requiresSession": True,
    }

    made = servicebus_emulator_config.configuration({"queues": [entity], "topics": []})

    assert made["UserConfig"]["Namespaces"][0]["Queues"][0]["Properties"] == {
        "MaxDeliveryCount": 10,
        "DefaultMessageTimeToLive": "PT1H",
        "DuplicateDetectionHistoryTimeWindow": "PT5M",
        "RequiresSession": True,
    }


def test_compose_gives_the_emulator_that_configuration() -> None:
    text = (ROOT / "compose.yaml").read_text()

    assert f"./{servicebus_emulator_config.CONFIG.relative_to(ROOT)}:" in text
    assert Path(ROOT / "infra" / "servicebus-emulator.json").exists()
