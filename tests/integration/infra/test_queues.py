"""Service Bus: every queue and topic with the properties that infra/entities.json declares."""

import json
from typing import Any

from tests.integration.infra import variants
from tests.support.compiler import ROOT

ENTITIES: dict[str, Any] = json.loads((ROOT / "infra" / "entities.json").read_text())


def declared(entity: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entity.items() if name not in {"name", "subscriptions"}}


def test_azure_makes_what_the_file_declares() -> None:
    deployment = variants.plain()
    namespace = deployment.one("Microsoft.ServiceBus/namespaces")
    expected = {queue["name"]: declared(queue) for queue in ENTITIES["queues"]}
    for topic in ENTITIES["topics"]:
        expected[topic["name"]] = declared(topic)
        for reader in topic["subscriptions"]:
            expected[f"{topic['name']}/{reader['name']}"] = declared(reader)

    made = {
        resource["name"].removeprefix(f"{namespace['name']}/"): resource["properties"]
        for resource in deployment.resources
        if resource["type"].startswith("Microsoft.ServiceBus/namespaces/")
    }

    assert made == expected


def test_the_namespace_has_topics_and_duplicate_detection() -> None:
    namespace = variants.plain().one("Microsoft.ServiceBus/namespaces")

    assert namespace["sku"]["name"] == "Standard"
