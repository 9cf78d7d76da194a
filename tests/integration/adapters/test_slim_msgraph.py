"""The deployed msgraph-sdk has only the modules that Hasten can reach, and needs no other."""

import os
import subprocess
import sys
from glob import glob
from pathlib import Path
from zipfile import ZipFile

import msgraph
import pytest

from scripts import slim_msgraph

ROOT = Path(__file__).parents[3]
SITE = Path(msgraph.__file__).parents[1]

EVERY_MODULE = """
import importlib, pathlib, msgraph, sys
assert msgraph.__file__.startswith(sys.argv[1]), msgraph.__file__
for folder in ("hasten", "handlers"):
    for file in sorted(pathlib.Path(folder).rglob("*.py")):
        importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
"""


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as it is deployed."""
    package = set(glob("msgraph/**/*.py", root_dir=SITE, recursive=True))  # noqa: PTH207 - pathlib takes a second more
    folder = tmp_path_factory.mktemp("slim")
    for name in slim_msgraph.kept(package, lambda name: (SITE / name).read_text()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text((SITE / name).read_text())
    return folder


def run(slim: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(slim)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_has_dozens_of_modules_instead_of_thousands(slim: Path) -> None:
    assert 50 < len(list(slim.rglob("*.py"))) < 200


def test_every_module_of_the_app_can_be_imported(slim: Path) -> None:
    done = run(slim, "-c", EVERY_MODULE, str(slim))

    assert done.returncode == 0, done.stderr


def test_every_request_of_the_app_works(slim: Path) -> None:
    """The adapter passes its own tests against the emulated Graph."""
    adapter = "tests/integration/adapters/test_graph_directory.py"
    contract = "tests/contract/test_directory.py"

    unneeded = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
    done = run(slim, "-m", "pytest", "-q", *unneeded, adapter, contract)

    assert done.returncode == 0, done.stdout[-2000:]


def test_a_module_that_is_needed_is_missed(slim: Path, tmp_path: Path) -> None:
    """So that the test above can fail."""
    for path in slim.rglob("*.py"):
        if path.name != "delta_request_builder.py":
            copy = tmp_path / path.relative_to(slim)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())

    done = run(tmp_path, "-c", EVERY_MODULE, str(tmp_path))

    assert "delta_request_builder" in done.stderr


def wheel(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    made = folder / "msgraph_sdk-9.0.0-py3-none-any.whl"
    info = "msgraph_sdk-9.0.0.dist-info"
    metadata = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: msgraph-sdk\nVersion: 9.0.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with ZipFile(made, "w") as archive:
        for name, text in {**files, **metadata}.items():
            archive.writestr(name, text)
    return made


def test_pip_chooses_the_slim_wheel_over_the_same_version(tmp_path: Path) -> None:
    client = "msgraph/graph_service_client.py"
    files = {"msgraph/__init__.py": "", client: "", "msgraph/unused.py": ""}
    whole = wheel(tmp_path / "index", files)

    slim_msgraph.slim(whole, tmp_path / "index")

    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    links = ["--find-links", str(tmp_path / "index"), "--target", str(tmp_path / "site")]
    subprocess.run([*pip, *links, "msgraph-sdk==9.0.0"], check=True)
    installed = {str(p.relative_to(tmp_path / "site")) for p in (tmp_path / "site").rglob("*.py")}
    assert installed == {"msgraph/__init__.py", client}
