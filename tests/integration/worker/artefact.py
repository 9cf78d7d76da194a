"""The deployed artefact: the folder that Azure unpacks and runs. It holds what .funcignore leaves
of this one, and the packages of requirements.txt, with the slim msgraph-sdk.

The packages are those of the running Python, which has the same pins: a build here needs no
network. Compiled modules come with their sources, so that no worker compiles them again.
"""

import shutil
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement

from scripts import slim_msgraph
from tests.integration.worker.worker import ROOT

PACKAGES = Path(".python_packages", "lib", "site-packages")
"""Where a remote build puts them, and where the worker of Azure looks for them."""


def build(folder: Path) -> None:
    """Makes the artefact in the folder, which must not exist."""
    left_out = {line.rstrip("/") for line in (ROOT / ".funcignore").read_text().splitlines()}
    ignored = left_out - {"", "__pycache__"}
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*ignored))
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
        for asked in {(wanted.name, extra) for extra in ("", *wanted.extras)} - seen:
            seen.add(asked)
            package = found[wanted.name] = distribution(wanted.name)
            waiting += [(Requirement(line), asked[1]) for line in package.requires or []]
    return list({package.name: package for package in found.values()}.values())


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
    files = [
        str(file)
        for file in package.files or []
        if ".." not in file.parts and file.suffix != ".pyc"
    ]
    source = Path(str(package.locate_file("")))
    if package.name == "msgraph-sdk":
        code = {name for name in files if name.startswith("msgraph/") and name.endswith(".py")}
        kept = slim_msgraph.kept(code, lambda name: (source / name).read_text())
        files = [name for name in files if name in kept or name not in code]
    for name in files:
        _copy(source / name, site / name)
        if name.endswith(".py"):
            compiled = Path(cache_from_source(str(source / name)))
            if compiled.exists():
                _copy(compiled, Path(cache_from_source(str(site / name))))


def _copy(file: Path, target: Path) -> None:
    """Keeps the time of the file: Python takes a compiled module for one source alone."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)
