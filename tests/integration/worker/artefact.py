"""The deployed artefact: the folder that Azure unpacks and runs. It holds what .funcignore leaves
of this one, and the packages of requirements.txt, with the slim msgraph-sdk.

The packages are those of the running Python, which has the same pins: a build here needs no
network.
"""

import shutil
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from scripts import slim_msgraph
from tests.integration.worker.worker import ROOT

PACKAGES = Path(".python_packages", "lib", "site-packages")
"""Where a remote build puts them, and where the worker of Azure looks for them."""


def build(folder: Path) -> None:
    """Makes the artefact in the folder, which must not exist."""
    left_out = [line.rstrip("/") for line in (ROOT / ".funcignore").read_text().splitlines()]
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*filter(None, left_out)))
    for package in _closure(ROOT / "requirements.txt"):
        _install(package, folder / PACKAGES)


def _closure(requirements: Path) -> list[Distribution]:
    """The distributions of a file of requirements, and all that they require on this Python."""
    waiting = [(each, "") for each in _named(requirements)]
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        package = distribution(wanted.name)
        found[package.name] = package
        for asked in {"", *wanted.extras}:
            if (package.name, asked) not in seen:
                seen.add((package.name, asked))
                waiting += [(Requirement(line), asked) for line in package.requires or []]
    return list(found.values())


def _named(requirements: Path) -> list[Requirement]:
    found: list[Requirement] = []
    for line in requirements.read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted.startswith("-r "):
            found += _named(requirements.with_name(wanted.removeprefix("-r ")))
        elif wanted and not wanted.startswith("--"):
            found.append(Requirement(wanted))
    return found


def _install(package: Distribution, site: Path) -> None:
    files = {
        str(file): Path(str(file.locate()))
        for file in package.files or []
        if ".." not in file.parts and file.suffix != ".pyc"
    }
    if package.name == "msgraph-sdk":
        code = {n: p for n, p in files.items() if n.startswith("msgraph/") and n.endswith(".py")}
        kept = slim_msgraph.kept(code, lambda name: code[name].read_text())
        files = {name: path for name, path in files.items() if name in kept or name not in code}
    for name, path in files.items():
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
