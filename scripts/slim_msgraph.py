"""Writes wheels/: msgraph-sdk without the modules that Hasten cannot reach.

The package has 33,000 files, of which Hasten uses a few dozen, but every cold instance would
download them all. `azd deploy` runs this before it packages the app, and requirements.txt finds the
wheel: its build tag makes pip prefer it to the same version from the index.
"""

import ast
import base64
import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile

ROOT = Path(__file__).parents[1]
WHEELS = ROOT / "wheels"
CALLERS = ROOT / "hasten" / "adapters" / "graph"
PACKAGE = "msgraph"
CALLED_BY_THE_SDK = frozenset({"__init__", "__post_init__", "serialize"})
"""Functions that run without being named in Hasten's code."""


class Modules:
    """The modules of the package, by dotted name, with the imports of each."""

    def __init__(self, files: Collection[str], read: Callable[[str], str]) -> None:
        """`files` are the paths of the Python files below site-packages; `read` returns the text
        of one."""
        self._files = files
        self._read = read

    def file_of(self, name: str) -> str | None:
        base = name.replace(".", "/")
        return next((f for f in (f"{base}.py", f"{base}/__init__.py") if f in self._files), None)

    def reached(self, roots: AbstractSet[str], called: AbstractSet[str]) -> set[str]:
        """Returns the files of `roots` and of everything that they import, directly or in a
        function that `called` names."""
        kept: set[str] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            file = self.file_of(name)
            if file is None or file in kept:
                continue
            kept.add(file)
            waiting.extend(_parents(name))
            waiting.extend(self._imports(file, called))
        return kept

    def _imports(self, file: str, called: AbstractSet[str]) -> Iterator[str]:
        package = str(PurePosixPath(file).parent).replace("/", ".")
        for node in _executed(ast.parse(self._read(file)), called):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            else:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _executed(tree: ast.AST, called: AbstractSet[str]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yields the imports that can run if only functions in `called` run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name in called:
                yield from _executed(node, called)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _executed(node, called)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def used() -> tuple[set[str], set[str]]:
    """Returns what Hasten's adapters import from the package, and every attribute that they
    name."""
    roots: set[str] = set()
    called: set[str] = set(CALLED_BY_THE_SDK)
    for file in sorted(CALLERS.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                called.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                roots |= {str(node.module), *(f"{node.module}.{one.name}" for one in node.names)}
    return roots, called


def kept(files: Collection[str], read: Callable[[str], str]) -> set[str]:
    """Returns those of the package's Python files that Hasten can reach. Reads no others."""
    roots, called = used()
    return Modules(files, read).reached(roots, called)


def slim(wheel: Path, folder: Path) -> Path:
    """Writes the wheel without the files that Hasten cannot reach."""
    name, version, *tags = wheel.stem.split("-")
    made = folder / f"{name}-{version}-1slim-{'-'.join(tags[-3:])}.whl"
    with ZipFile(wheel) as whole, ZipFile(made, "w", ZIP_DEFLATED) as small:
        names = whole.namelist()
        code = {one for one in names if one.startswith(f"{PACKAGE}/") and one.endswith(".py")}
        keep = kept(code, lambda one: whole.read(one).decode())
        record: list[str] = []
        for one in names:
            is_metadata = ".dist-info/" in one and not one.endswith("/RECORD")
            if one in keep or is_metadata:
                content = whole.read(one)
                small.writestr(one, content)
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
                record.append(f"{one},sha256={digest.decode()},{len(content)}")
        [listing] = [one for one in names if one.endswith(".dist-info/RECORD")]
        small.writestr(listing, "\n".join([*record, f"{listing},,", ""]))
    return made


def main() -> None:
    pins = (ROOT / "requirements-common.txt").read_text(encoding="utf-8")
    [pinned] = re.findall(r"^msgraph-sdk==\S+", pins, re.MULTILINE)
    WHEELS.mkdir(exist_ok=True)
    for old in WHEELS.glob("msgraph_sdk-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, "--only-binary", ":all:", pinned], check=True)  # noqa: S603 - pip with the pin of this project
        [wheel] = Path(folder).glob("*.whl")
        made = slim(wheel, WHEELS)
        print(f"{made.name}: {made.stat().st_size:,} of {wheel.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
