"""host.json: its values agree with the code, and the docs give the reason of each."""

import json
import re
from datetime import timedelta
from typing import Any

from benchmarks import busy
from emulator.functions import options
from emulator.servicebus.entities import load_entities
from hasten.limits import CALL_TIMEOUT
from hasten.sole_worker import MAX_WORK_TIME
from hasten.watch.look import MAX_WAITING_LOOKS
from tests.unit.infra.templates import INFRA, ROOT

HOST: dict[str, Any] = json.loads((ROOT / "host.json").read_text())
READ = options.read(ROOT / "host.json")


def leaves(document: dict[str, Any], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found |= leaves(value, f"{path}{name}.")
        else:
            found[path + name] = value if isinstance(value, str) else json.dumps(value)
    return found


def explained(text: str) -> dict[str, str]:
    """The rows of the table of values: name and value."""
    section = text.partition("## host.json")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| .{10,} \|$", section, re.MULTILINE))


def test_a_worker_ends_before_its_lock_does_and_its_lock_before_the_function() -> None:
    hours, minutes, seconds = map(int, HOST["functionTimeout"].split(":"))
    timeout = timedelta(hours=hours, minutes=minutes, seconds=seconds)

    assert MAX_WORK_TIME + CALL_TIMEOUT < READ.max_lock_renewal < timeout


def test_a_lock_lives_long_enough_to_be_renewed() -> None:
    """The host renews a lock shortly before it ends; a lock of seconds would be lost to a pause."""
    entities = load_entities(INFRA / "entities.json")

    assert all(30 <= queue.lock_duration <= 300 for queue in entities.queues)


def test_every_busy_target_of_the_benchmark_has_a_slot_and_wakes_have_some_too() -> None:
    """`python -m benchmarks` measures it."""
    assert READ.max_calls >= busy.TARGETS * 1.2
    assert READ.max_calls / 2 >= MAX_WAITING_LOOKS


def test_the_bundle_has_a_ceiling_and_can_fall_back_to_the_one_of_the_image() -> None:
    """A range of a single minor version has failed at start where the image did not have it."""
    found = re.fullmatch(r"\[4\.0\.0, 4\.(\d+)\.0\)", HOST["extensionBundle"]["version"])

    assert found is not None
    assert int(found[1]) > 0


def test_the_docs_name_each_value_and_no_other() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()

    assert explained(text) == leaves(HOST)


def test_a_value_without_a_reason_is_not_explained() -> None:
    rows = ["| `a.b` | `1` | because it is so |", "| `c` | `2` | |", "", "## Next"]

    text = "\n".join(["## host.json", *rows, "| `d` | `3` | because of that |"])

    assert explained(text) == {"a.b": "1"}
