"""Microsoft's parser of KQL, the one of Azure's own query editor: from npm, run by node."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support import npm

SCRIPT = Path(__file__).with_name("kql.js")


def objections(queries: Sequence[str]) -> list[list[str]]:
    """For each query what the parser, or its analysis of names and types, objects to."""
    npm.needed_for("the parser of KQL")
    folder = npm.installed(npm.KQL) / npm.KQL.package
    done = subprocess.run(
        ["node", SCRIPT, folder],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        check=True,
    )
    said: list[list[Any]] = json.loads(done.stdout)
    return [[str(one) for one in found] for found in said]
