"""Registers all commands by name."""

import typer

from hasten.cli.apply import apply
from hasten.cli.audit import app as audit
from hasten.cli.doctor import doctor
from hasten.cli.explain import explain
from hasten.cli.history import export, history
from hasten.cli.notify import notify
from hasten.cli.provision import provision
from hasten.cli.release import discard, release
from hasten.cli.replay import replay
from hasten.cli.report import report
from hasten.cli.scheduled import scheduled
from hasten.cli.status import status
from hasten.cli.stop import start, stop

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Operate Hasten. Exit codes: 0 no problem, 1 a problem, 2 wrong usage or settings.",
)
for command in (
    status,
    explain,
    release,
    discard,
    scheduled,
    history,
    export,
    report,
    provision,
    replay,
    apply,
    notify,
    doctor,
    stop,
    start,
):
    app.command()(command)
app.add_typer(audit, name="audit")
