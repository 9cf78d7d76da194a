"""The templates as the compiler reads them: no finding of any rule, and its own format."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.infra import variants
from tests.support import compiler
from tests.support.compiler import Deployment

INFRA = compiler.ROOT / "infra"
CONFIG = INFRA / "bicepconfig.json"

BY_AGE = {"use-recent-api-versions"}
"""A warning: as an error it would make `azd up` fail one day, though nothing had changed."""


PERMISSIONS = Path("graph", "permissions.bicep")
OF_GRAPH = [PERMISSIONS, Path("graph", "api.bicep")]
EXTENSION = "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"
"""Lies in a registry. Its types are at hand: tests/support/graph_bicep."""


@pytest.fixture(scope="module")
def with_extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the templates that takes the Microsoft Graph extension from a file."""
    copy = shutil.copytree(INFRA, tmp_path_factory.mktemp("copy") / "infra")
    types = compiler.ROOT / "tests" / "support" / "graph_bicep" / "index.json"
    done = compiler.run("publish-extension", types, "--target", copy / "graph.tgz")
    assert done.returncode == 0, done.stderr
    config = CONFIG.read_text()
    assert EXTENSION in config
    (copy / CONFIG.name).write_text(config.replace(EXTENSION, "./graph.tgz"))
    return copy


def test_the_templates_compile_without_a_finding() -> None:
    assert compiler.findings(compiler.MAIN) == []


@pytest.mark.parametrize("template", OF_GRAPH, ids=str)
def test_the_templates_of_graph_compile_without_a_finding(
    with_extension: Path, template: Path
) -> None:
    assert compiler.findings(with_extension / template) == []


def test_a_property_that_graph_does_not_have_is_found(with_extension: Path) -> None:
    file = with_extension / PERMISSIONS.with_stem("broken")
    text = (with_extension / PERMISSIONS).read_text()
    assert "    principalId:" in text

    file.write_text(text.replace("    principalId:", "    principal:"))

    assert "principal" in str(compiler.findings(file))


def test_every_set_of_permissions_can_be_asked_for() -> None:
    sets = json.loads((INFRA / "graph" / "permissions.json").read_text())

    [allowed] = re.findall(
        r"^param sets \((.+)\)\[\]", (INFRA / PERMISSIONS).read_text(), re.MULTILINE
    )
    assert [one.strip(" '") for one in allowed.split("|")] == list(sets)


FAULTS = {
    "use-recent-api-versions": ("core/storage.bicep", "@2026-06-01", "@2023-05-01"),
    "no-hardcoded-location": ("core/identity.bicep", "location: location", "location: 'westus'"),
    "secure-parameter-default": ("main.bicep", "Secret string = ''", "Secret string = 'known'"),
    "what-if-short-circuiting": (
        "main.bicep",
        "workspaceName: names.workspace",
        "workspaceName: monitoring.outputs.workspaceId",
    ),
}


def test_faults_are_found(tmp_path: Path) -> None:
    copy = shutil.copytree(INFRA, tmp_path / "infra")
    for file, was, becomes in FAULTS.values():
        text = (copy / file).read_text()
        assert was in text
        (copy / file).write_text(text.replace(was, becomes, 1))

    said = str(compiler.findings(copy / "main.bicep"))

    assert [rule for rule in FAULTS if rule not in said] == []


def test_every_rule_is_an_error_but_the_one_that_depends_on_the_date() -> None:
    levels = dict(re.findall(r'"([\w-]+)": \{ "level": "(\w+)"', CONFIG.read_text()))

    assert len(levels) > 40
    assert {rule for rule, level in levels.items() if level != "error"} == BY_AGE


def test_the_templates_have_the_format_of_the_compiler() -> None:
    found = list(INFRA.rglob("*.bicep"))

    changed = [path for path in found if path.read_text() != compiler.formatted(path)]

    assert found
    assert changed == []


@pytest.mark.parametrize("variant", [variants.plain, variants.full])
def test_every_name_is_known_before_the_deployment_starts(
    variant: Callable[[], Deployment],
) -> None:
    evaluated = variant()

    unknown = [name for r in evaluated.resources if "reference(" in (name := r["name"])]
    assert (list(evaluated.diagnostics), unknown) == ([], [])
