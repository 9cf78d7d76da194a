"""Writes the configuration of Microsoft's Service Bus emulator from infra/entities.json.

Its limits are narrower than those of Azure: its Config-schema.json names them. A test compares the
two files; after a change of the entities run `python -m scripts.servicebus_emulator_config`.
"""

import json
from pathlib import Path
from typing import Any

from emulator.servicebus.entities import duration

INFRA = Path(__file__).parents[1] / "infra"
ENTITIES = INFRA / "entities.json"
CONFIG = INFRA / "servicebus-emulator.json"

NAMESPACE = "sbemulatorns"
"""The only name that the emulator accepts."""

TIME_TO_LIVE = "PT1H"
"""The longest value that the emulator accepts; Hasten's are all longer."""

MOST_DELIVERIES = 10
LONGEST_WINDOW = "PT5M"


def configuration(entities: dict[str, Any]) -> dict[str, Any]:
    namespace = {
        "Name": NAMESPACE,
        "Queues": [_entity(queue) for queue in entities["queues"]],
        "Topics": [
            {
                **_entity(topic),
                "Subscriptions": [_entity(item) for item in topic["subscriptions"]],
            }
            for topic in entities["topics"]
        ],
    }
    return {"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name[0].upper() + name[1:]: _within_limits(name, value)
        for name, value in entity.items()
        if name not in {"name", "subscriptions"}
    }
    return {"Name": entity["name"], "Properties": properties}


def _within_limits(name: str, value: Any) -> Any:
    match name:
        case "defaultMessageTimeToLive":
            return TIME_TO_LIVE
        case "maxDeliveryCount":
            return min(value, MOST_DELIVERIES)
        case "duplicateDetectionHistoryTimeWindow":
            return min(value, LONGEST_WINDOW, key=duration)
        case _:
            return value


def text() -> str:
    return json.dumps(configuration(json.loads(ENTITIES.read_text())), indent=2) + "\n"


if __name__ == "__main__":
    CONFIG.write_text(text())
    print(f"wrote {CONFIG.name}")
