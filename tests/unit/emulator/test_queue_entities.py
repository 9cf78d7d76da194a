"""The file of entities: read as Azure names things, refused when it is wrong."""

import json
from pathlib import Path

import pytest

from emulator.servicebus.entities import (
    EntitiesError,
    QueueSettings,
    duration,
    load_entities,
    parse_entities,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT30S", 30), ("PT1M", 60), ("P14D", 1209600), ("P1DT2H3M4.5S", 93784.5)],
)
def test_durations_are_iso_8601(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "30", "PT30", "1M", "PT-5S"])
def test_an_invalid_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(text)


def test_properties_have_the_names_and_defaults_of_azure() -> None:
    entities = parse_entities(
        {
            "queues": [
                {"name": "plain"},
                {
                    "name": "full",
                    "requiresSession": True,
                    "requiresDuplicateDetection": True,
                    "duplicateDetectionHistoryTimeWindow": "PT20S",
                    "lockDuration": "PT30S",
                    "maxDeliveryCount": 4,
                    "defaultMessageTimeToLive": "PT1H",
                    "deadLetteringOnMessageExpiration": True,
                },
            ],
            "topics": [{"name": "t", "subscriptions": [{"name": "s"}]}],
        }
    )

    assert entities.queues == (
        QueueSettings(name="plain", time_to_live=duration("P10675199DT2H48M5.4775807S")),
        QueueSettings(
            name="full",
            requires_session=True,
            duplicate_window=20,
            lock_duration=30,
            max_delivery_count=4,
            time_to_live=3600,
            dead_letter_expired=True,
        ),
    )
    assert [sub.name for sub in entities.topics[0].subscriptions] == ["s"]


@pytest.mark.parametrize(
    "document", [{"queues": [{}]}, {"queues": [{"name": "q", "lockDuration": "soon"}]}, []]
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, document: object) -> None:
    path = tmp_path / "entities.json"
    path.write_text(json.dumps(document))

    with pytest.raises(EntitiesError, match=r"entities\.json"):
        load_entities(path)
