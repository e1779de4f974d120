"""The command line: ``multibroker``.

Only what a help page needs is imported here; each command imports the rest when it runs.
"""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from scenarios.app.guard import guarded
from scenarios.app.options import Batch, Demo, Document, References, Run, Status, taking

app = typer.Typer(
    name="multibroker",
    help="Decides which broker each order goes to, within the capital held at each, and says why.",
    epilog="Exit codes: 0 done (a backlog is a normal answer), 2 bad input, 3 denied by a limit, 5 some orders "
    "rejected or unfilled, 6 some outcomes unknown, 7 a broker not reached, 8 trouble with the database, "
    "9 a bug of ours, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"multibroker {version_of('multibroker')}")
        raise typer.Exit


@app.callback()
def multibroker(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Decide which broker each order goes to, within the capital held at each, and say why."""


@app.command()
@taking(Batch)
def plan(request: Batch) -> int:
    """Decide a batch and show the plan; nothing is sent."""
    from scenarios.app import commands

    return commands.plan_batch(request)


@app.command()
@taking(Batch)
def capital(request: Batch) -> int:
    """Estimate what a packet of orders needs at each broker, before any decision."""
    from scenarios.app import commands

    return commands.estimate_batch(request)


@app.command()
@taking(Run)
def run(request: Run) -> int:
    """Decide a batch and execute it at the simulated brokers."""
    from scenarios.app import commands

    return commands.run_batch(request)


@app.command()
@taking(References)
def references(request: References) -> int:
    """Ask every broker what it trades, and store it."""
    from scenarios.app import commands

    return commands.refresh_references(request)


@app.command()
@taking(Document)
def solve(request: Document) -> int:
    """Decide a network document: JSON in, JSON out."""
    from scenarios.app import commands

    return commands.solve_document(request)


@app.command()
@taking(Status)
def status(request: Status) -> int:
    """Show the child orders that are open: neither filled nor ended, or of unknown outcome."""
    from scenarios.app.status import show_status

    return show_status(request)


@app.command()
@taking(Demo)
def demo(request: Demo) -> int:
    """Run the whole process on a shipped day of 80 orders."""
    from scenarios.app import commands

    return commands.play_demo(request)


def main() -> int:
    """Run the command line and return its exit code; SIGTERM ends it as Ctrl-C does."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows an escape instead of ending the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return guarded(app, debug="--debug" in sys.argv[1:])
    finally:
        signal.signal(signal.SIGTERM, before)
