"""The Bicep files of this project, read once."""

from functools import cache
from pathlib import Path

from tests.support.bicep import Template, parse

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"


@cache
def templates() -> dict[Path, Template]:
    return {path: parse(path.read_text()) for path in sorted(INFRA.rglob("*.bicep"))}


def template(name: str) -> Template:
    return templates()[INFRA / name]
