"""`doctor`: shows problems of the set-up and how to fix them."""

from collections.abc import Iterable

from rich.text import Text

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile
from hasten.cli.printing import as_json, console, say, table
from hasten.cli.running import Code, run
from hasten.doctor.findings import Finding, Level

LEVEL_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor(*, json: AsJson = False, settings: SettingsFile = None) -> None:
    """Checks the whole set-up, and shows how to fix each problem."""

    async def work(operator: Operator) -> Code:
        with console(stderr=True).status("Checking") as status:
            examined = await operator.doctor(
                lambda check: status.update(f"Checking: {check}")
            ).examine()
        if json:
            as_json(examined)
        else:
            _show(examined)
        is_ill = any(finding.level is Level.PROBLEM for finding in examined)
        return Code.PROBLEM if is_ill else Code.FINE

    run(settings, work)


def _show(findings: Iterable[Finding]) -> None:
    found = list(findings)
    rows = [
        (Text(f.level, LEVEL_STYLES[f.level]), f"{f.target} {f.check}".strip(), _text(f))
        for f in found
    ]
    table("Hasten's set-up", "", "check", "found, and what to do", rows=rows)
    counts = {level: sum(1 for f in found if f.level is level) for level in Level}
    say(", ".join(f"{count} {level}" for level, count in counts.items()))


def _text(finding: Finding) -> str:
    return f"{finding.found}\n→ {finding.fix}" if finding.fix else finding.found
