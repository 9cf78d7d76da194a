"""`audit`: checks that nobody changed the history."""

import re
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, filled
from hasten.cli.printing import as_json_object, complain, say
from hasten.cli.running import Code, UsageError, checked, run
from hasten.cli.since import SINCE_HELP, moment
from hasten.operate.check_history import check_history

app = typer.Typer(no_args_is_help=True, help="Checks that nobody changed the history.")
LOGGED_SEAL = re.compile(r"(\d{1,12}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Verified:
    """`findings` are in words. `number` and `digest` are those of the last seal."""

    outcome: str
    days: int
    entries: int
    unsealed: int
    seals: int
    number: int
    digest: str
    findings: list[str]


@app.command()
def verify(
    *,
    since: Annotated[str | None, typer.Option("--since", help=SINCE_HELP, callback=filled)] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            help="NUMBER:DIGEST of a seal, from the log event `history`, result `sealed`.",
            callback=filled,
        ),
    ] = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Compares the history with its seals; names each removed, altered or inserted entry."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        begin = moment("--since", since, context.now()) if since else None
        logged = dict(map(_logged, expect or ()))
        found = await check_history(context, since=begin, expected=logged)
        lines = [str(finding) for finding in found.findings]
        outcome = "changed" if lines else "unchanged"
        if json:
            facts = {**asdict(found), "findings": lines}
            as_json_object(Verified(outcome=outcome, **facts))
        else:
            for line in lines:
                complain(line)
            say(
                f"{found.entries} entries of {found.days} days, {found.unsealed} of them not "
                f"sealed yet, and {found.seals} seals: {outcome}."
            )
            say(f"Last seal: {found.number}:{found.digest}")
        if lines:
            return Code.PROBLEM
        return Code.FINE if found.entries else await checked(operator)

    run(settings, work)


def _logged(given: str) -> tuple[int, str]:
    found = LOGGED_SEAL.fullmatch(given.strip().lower())
    if found is None:
        raise UsageError(f"--expect {given} is no NUMBER:DIGEST: copy both from the log")
    return int(found[1]), found[2]
