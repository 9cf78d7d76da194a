"""Microsoft's Bicep compiler, where this machine has one: it builds the templates and evaluates the
deployment offline. `python -m tests.support.compiler` says which one is used, or what is left out.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "infra" / "main.bicep"
BESIDE = ROOT.parent / "shared" / "tools" / "bicep"

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
LOCATION = "westeurope"


def found() -> Path | None:
    """The compiler that the environment variable BICEP names, that of PATH, or that of a folder
    `shared/tools` beside this one."""
    named = os.environ.get("BICEP") or shutil.which("bicep")
    if named:
        return Path(named)
    return BESIDE if BESIDE.exists() else None


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    compiler = found()
    assert compiler is not None, "tests that need the compiler are not collected without one"
    command = [str(compiler), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Deployment:
    """Returns the deployment that Azure would get. Values that only a resource can answer stay
    expressions."""

    resources: Sequence[Mapping[str, Any]]
    outputs: Mapping[str, Any]
    diagnostics: Sequence[Any]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [one for one in self.resources if one["type"] == kind]

    def one(self, kind: str) -> Mapping[str, Any]:
        [resource] = self.of(kind)
        return resource

    def roles(self, principal: str) -> Iterator[tuple[str, str]]:
        """The scope below the resource group, and the id of the role."""
        for resource in self.of("Microsoft.Authorization/roleAssignments"):
            if principal in resource["properties"]["principalId"]:
                scope = resource["id"].partition("/providers/")[2].split("/providers/")[0]
                yield scope, resource["properties"]["roleDefinitionId"].rpartition("/")[2]


@cache
def evaluated(**parameters: str | int | bool) -> Deployment:
    """The deployment of main.bicep with these parameters, beside the two that are required."""
    given = {"environmentName": "test", "location": LOCATION, **parameters}
    with TemporaryDirectory() as folder:
        file = Path(folder, "main.bicepparam")
        using = f"using '{os.path.relpath(MAIN, folder)}'\n"
        file.write_text(using + "".join(f"param {n} = {_bicep(v)}\n" for n, v in given.items()))
        done = run(
            *("snapshot", file, "--mode", "overwrite", "--location", LOCATION),
            *("--tenant-id", TENANT, "--subscription-id", SUBSCRIPTION),
        )
        assert done.returncode == 0, done.stderr
        document = json.loads(Path(folder, "main.snapshot.json").read_text())
    return Deployment(
        document["predictedResources"], document["outputs"], document.get("diagnostics", [])
    )


def _bicep(value: str | int | bool) -> str:  # noqa: FBT001 - a value like any other
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    left_out = (
        "no Bicep compiler found (BICEP, PATH): tests/integration/infra and the dry run of the "
        "deployed artefact are left out"
    )
    print(f"Bicep: {found()}" if found() else left_out)  # noqa: T201 - a command
