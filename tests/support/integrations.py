"""Takes the requests out of docs/integrations.md, and makes each as its system would."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.logic_app import LogicApp, Sent

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"
BLOCK = re.compile(r"<!-- integration: ([\w-]+) -->\n```(\w+)\n(.*?)```", re.DOTALL)

AZ = """#!/bin/sh
case "$*" in
    "account get-access-token --resource api://"*) echo "$API_TOKEN" ;;
    "account get-access-token --resource https://servicebus.azure.net "*) echo "$BUS_TOKEN" ;;
    *) echo "no such command: az $*" >&2; exit 1 ;;
esac
"""
"""Stands in for the Azure CLI: somebody is signed in."""

CURL = """#!/bin/sh
while [ "$1" != --data ]; do shift; done
echo "$2"
"""
"""Stands in for curl where no server is needed: it prints the body."""

SERVICENOW = """
const properties = JSON.parse(process.env.PROPERTIES), values = JSON.parse(process.env.VALUES);
const gs = { getProperty: name => properties[name], error: text => { throw new Error(text); } };
const current = { getValue: name => values[name] }, previous = {};
const sent = { headers: {} };
const sn_ws = { RESTMessageV2: class {
    setHttpMethod(method) { sent.method = method.toUpperCase(); }
    setEndpoint(uri) { sent.uri = uri; }
    setAuthenticationProfile(kind, profile) { sent.profile = [kind, profile]; }
    setRequestHeader(name, value) { sent.headers[name] = value; }
    setRequestBody(body) { sent.body = JSON.parse(body); }
    execute() {
        console.log(JSON.stringify(sent));
        return { getStatusCode: () => 202, getBody: () => '' };
    }
} };
"""
"""The objects of ServiceNow that the script uses."""


def blocks() -> Mapping[str, str]:
    """The text of each request, by the name that the page gives it."""
    return {name: text for name, _, text in BLOCK.findall(PAGE.read_text())}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where the requests go, and the tokens of a sender."""

    hasten_url: str
    bus_url: str
    api_client_id: str
    api_token: str
    bus_token: str

    def environment(self, folder: Path) -> dict[str, str]:
        az = folder / "az"
        az.write_text(AZ)
        az.chmod(0o755)
        return {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HASTEN_PUBLIC_URL": self.hasten_url,
            "HASTEN_API_CLIENT_ID": self.api_client_id,
            "SERVICE_BUS_URL": self.bus_url,
            "API_TOKEN": self.api_token,
            "BUS_TOKEN": self.bus_token,
        }


def run_script(
    stack: Stack, script: str, more: Mapping[str, str], *, captures: bool = False
) -> str:
    """Runs a shell script. Returns what it printed: the answer and the status that curl got, or the
    body alone if `captures` keeps curl from posting it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**stack.environment(Path(folder)), **more}
        if captures:
            curl = Path(folder, "curl")
            curl.write_text(CURL)
            curl.chmod(0o755)
        done = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def filled(value: str, given: Mapping[str, str]) -> str:
    """Returns the value of an environment variable of a pipeline, with its expression filled in."""
    found = re.fullmatch(r"\$\{\{ *([\w.]+) *\}\}|\$\(([\w.]+)\)", value)
    return given[found[1] or found[2]] if found else value


def github(stack: Stack, text: str, employee: str, *, captures: bool = False) -> str:
    [step] = [s for s in yaml.safe_load(text)["jobs"]["onboard"]["steps"] if "run" in s]
    given = {
        "vars.HASTEN_PUBLIC_URL": stack.hasten_url,
        "vars.HASTEN_API_CLIENT_ID": stack.api_client_id,
        "github.run_id": "github-1",
        "inputs.employee": employee,
    }
    more = {k: filled(v, given) for k, v in step["env"].items()}
    return run_script(stack, step["run"], more, captures=captures)


def devops(stack: Stack, text: str, employee: str, *, captures: bool = False) -> str:
    [step] = yaml.safe_load(text)["steps"]
    given = {
        "HASTEN_PUBLIC_URL": stack.hasten_url,
        "HASTEN_API_CLIENT_ID": stack.api_client_id,
        "Build.BuildId": "devops-1",
        "parameters.employee": employee,
    }
    more = {k: filled(v, given) for k, v in step["env"].items()}
    return run_script(stack, step["inputs"]["inlineScript"], more, captures=captures)


def servicenow(stack: Stack, text: str, employee: str) -> Sent:
    properties = {
        "hasten.url": stack.hasten_url,
        "hasten.oauth_profile": "hasten",
        "instance_name": "contoso",
    }
    values = {"number": "RITM0010001", "u_employee_number": employee}
    given = {"PROPERTIES": json.dumps(properties), "VALUES": json.dumps(values)}
    done = subprocess.run(
        ["node", "-e", SERVICENOW + text],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sent = json.loads(done.stdout)
    assert sent["profile"] == ["oauth2", "hasten"]
    return Sent(sent["method"], sent["uri"], sent["headers"], stack.api_client_id, sent["body"])


def logic_app(stack: Stack, text: str, body: Any) -> Sent:
    parameters = {
        "hastenUrl": stack.hasten_url,
        "hastenAudience": f"api://{stack.api_client_id}",
        "tenant": "t",
        "clientId": "c",
        "secret": "s",
    }
    definition = json.loads(text)
    assert set(definition["parameters"]) <= set(parameters)
    [sent] = LogicApp(definition, parameters).run(body)
    assert sent.audience == parameters["hastenAudience"]
    return sent
