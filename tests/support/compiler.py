"""Microsoft's Bicep compiler, where this machine has one: it builds the templates and evaluates the
deployment offline. `python -m tests.support.compiler` says which one is used, or what is left out.

Most of what a run of the compiler costs is its start. So one process answers all requests of a test
process, as JSON-RPC.
"""

import atexit
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "infra" / "main.bicep"
BESIDE = ROOT.parent / "shared" / "tools" / "bicep"

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
LOCATION = "westeurope"

ENVIRONMENT = {**os.environ, "DOTNET_TieredPGO": "0"}
"""The process ends before code that .NET compiles a second time, by a profile, pays off."""


def found() -> Path | None:
    """The compiler that the environment variable BICEP names, that of PATH, or that of a folder
    `shared/tools` beside this one."""
    named = os.environ.get("BICEP") or shutil.which("bicep")
    if named:
        return Path(named)
    return BESIDE if BESIDE.exists() else None


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Starts the compiler for what it offers on the command line alone."""
    command = [str(_required()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def findings(template: Path) -> list[str]:
    """Returns rule and text of each finding in the file and in the modules that it uses."""
    found = _server().ask("compile", path=str(template))["diagnostics"]
    return [f"{one['code']}: {one['message']}" for one in found]


def formatted(template: Path) -> str:
    """Returns the text of the file in the compiler's own format."""
    return str(_server().ask("format", path=str(template))["contents"])


class _Server:
    def __init__(self) -> None:
        command = [str(_required()), "jsonrpc", "--stdio"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
        )
        self._numbers = count()
        atexit.register(self._process.communicate)

    def ask(self, method: str, **params: Any) -> Any:
        """Returns the result. Raises AssertionError with what the compiler says instead."""
        call = {"jsonrpc": "2.0", "id": next(self._numbers), "method": f"bicep/{method}"}
        body = json.dumps({**call, "params": params}).encode()
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        asked.flush()
        headers = dict(line.split(b":") for line in iter(answered.readline, b"\r\n"))
        answer = json.loads(answered.read(int(headers[b"Content-Length"])))
        assert "result" in answer, answer
        return answer["result"]


@cache
def _server() -> _Server:
    return _Server()


def _required() -> Path:
    compiler = found()
    assert compiler is not None, "tests that need the compiler are not collected without one"
    return compiler


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
        metadata = {"tenantId": TENANT, "subscriptionId": SUBSCRIPTION, "location": LOCATION}
        answer = _server().ask("getSnapshot", path=str(file), metadata=metadata)
    document = json.loads(answer["snapshot"])
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
