"""Makes tests/support/graph_bicep/ from Microsoft's types of the Graph extension for Bicep.

    python -m scripts.trim_graph_bicep_types generated/microsoftgraph/microsoft.graph/v1.0/1.0.0

The argument is that folder of a clone of github.com/microsoftgraph/msgraph-bicep-types. Name the
clone's commit in tests/support/graph_bicep/SOURCE.md when you replace the copy. Kept are the
resource types in KEPT and every type that they need, without descriptions.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / "tests" / "support" / "graph_bicep"

KEPT = (
    "Microsoft.Graph/applications@v1.0",
    "Microsoft.Graph/applications/federatedIdentityCredentials@v1.0",
    "Microsoft.Graph/servicePrincipals@v1.0",
    "Microsoft.Graph/appRoleAssignedTo@v1.0",
)


def trim(index: dict[str, Any], types: list[Any]) -> tuple[dict[str, Any], list[Any]]:
    """Returns the index and the types. Raises KeyError if a type is named that the source does not
    have."""
    resources = {name: index["resources"][name] for name in KEPT}
    small = {**index, "resources": resources, "resourceFunctions": {}}
    kept: list[int] = []
    waiting = list(_references(small))
    while waiting:
        number = waiting.pop()
        if number not in kept:
            kept.append(number)
            waiting.extend(_references(types[number]))
    new = {old: place for place, old in enumerate(sorted(kept))}
    return _renumbered(small, new), [_renumbered(types[old], new) for old in sorted(kept)]


def _references(value: Any) -> Iterator[int]:
    for number in re.findall(r'"\$ref": "[^"]*#/(\d+)"', json.dumps(value)):
        yield int(number)


def _renumbered(value: Any, new: dict[int, int]) -> Any:
    if isinstance(value, list):
        return [_renumbered(one, new) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: re.sub(r"\d+$", lambda old: str(new[int(old[0])]), one)
        if key == "$ref"
        else _renumbered(one, new)
        for key, one in value.items()
        if key != "description" or not isinstance(one, str)
    }


def main(source: Path) -> None:
    read = {name: json.loads((source / f"{name}.json").read_text()) for name in ("index", "types")}
    index, types = trim(read["index"], read["types"])
    (OUTPUT / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    (OUTPUT / "types.json").write_text(json.dumps(types, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
