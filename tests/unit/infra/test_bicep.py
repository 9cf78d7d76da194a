"""What a compiler would refuse, as far as it shows without one: see tests/integration/infra."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.bicep import BicepError, parse, problems
from tests.unit.infra.templates import INFRA, ROOT, template, templates

CALLED = "param name string\nparam tags object = {}\nvar both = [name, tags]\noutput id string = ''"

CALLING = "module m 'called.bicep' = if (true) { name: 'm', params: { name: 'a' } }"


def found(main: str, called: str = CALLED) -> list[str]:
    files = {Path("/x/main.bicep"): parse(main), Path("/x/called.bicep"): parse(called)}
    return list(problems(Path("/x/main.bicep"), files))


def test_there_is_something_to_check() -> None:
    assert {path.parent.name for path in templates()} == {
        "infra",
        "core",
        "app",
        "network",
        "graph",
    }


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(INFRA)))
def test_every_name_parameter_module_and_output_resolves(path: Path) -> None:
    assert list(problems(path, templates())) == []


def test_every_file_begins_with_why_it_exists() -> None:
    assert [path for path in templates() if not path.read_text().startswith("// ")] == []


def test_a_file_that_does_not_parse_is_refused_with_its_line() -> None:
    with pytest.raises(BicepError, match="line 2"):
        parse("param a string\nvar b = [a\n")


@pytest.mark.parametrize(
    ("main", "problem"),
    [
        ("output x string = missing", "missing is not declared"),
        ("output x object = { a: { 'b-c': missing } }", "missing is not declared"),
        ("var a = 1\nvar a = 2\noutput x int = a", "a is declared twice"),
        ("param unused string", "unused is not used"),
        ("output x string = frobnicate('a')", "frobnicate is no function"),
        ("output x object = loadJsonContent('no.json')", "no.json is missing"),
        ("output x string = loadTextContent('no.txt')", "no.txt is missing"),
        ("module m 'nowhere.bicep' = { name: 'm' }", "module m: no file nowhere.bicep"),
        ("module m 'called.bicep' = { name: 'm' }", "module m: name is not passed"),
        (
            "module m 'called.bicep' = { name: 'm', params: { name: 'a', nmae: 'b' } }",
            "module m has no parameter nmae",
        ),
        (f"{CALLING}\noutput x string = m!.outputs.key", "module m has no output key"),
    ],
)
def test_each_kind_of_mistake_is_found(main: str, problem: str) -> None:
    assert found(main) == [problem]


@pytest.mark.parametrize(
    "main",
    [
        f"{CALLING}\noutput x string = m!.outputs.id",
        "output x array = [for (q, i) in [1]: { a: q, b: i }]",
        "output x array = map([1], q => q)",
        "func f(a string) string => toLower(a)\noutput x string = f('A')",
    ],
)
def test_a_correct_template_is_not_refused(main: str) -> None:
    assert found(main) == []


def test_main_takes_every_parameter_that_azd_gives_and_azd_gives_every_one() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]

    assert set(given) == template("main.bicep").names("param")


def test_azd_variables_and_the_docs_name_the_same_settings() -> None:
    parameters = (INFRA / "main.parameters.json").read_text()
    docs = (ROOT / "docs" / "deployment.md").read_text()
    section = docs.partition("## Choices")[2].partition("### ")[0]

    choices = set(re.findall(r"\$\{(HASTEN_(?!CLIENT)\w+)", parameters))

    assert choices == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_an_extension_is_one_that_the_configuration_names() -> None:
    configured = json.loads((INFRA / "bicepconfig.json").read_text())["extensions"]

    used = {extension for read in templates().values() for extension in read.extensions}
    assert used == set(configured) == {"microsoftGraphV1"}


def test_a_parameter_that_brings_a_secret_is_secure() -> None:
    secrets = 0
    for path in templates():
        lines = path.read_text().splitlines()
        for before, line in pairwise(lines):
            if line.startswith("param clientStateSecret") and "Uri " not in line:
                secrets += 1
                assert before == "@secure()", f"{path.name}: {line}"

    assert secrets == 4


def test_every_list_that_somebody_writes_is_read_by_the_same_function() -> None:
    main = (INFRA / "main.bicep").read_text()
    lists = re.findall(r"^@description\('Comma-separated .*'\)\nparam (\w+)", main, re.MULTILINE)

    split = [line for line in main.splitlines() if "split(" in line]
    assert [line.partition("(")[0] for line in split] == ["func listed"]
    used = " ".join(re.findall(r"listed\((.*?)\)", main))
    assert [name for name in lists if name not in used] == []
    assert len(lists) == 6
