"""What the commands do; `scenarios.app.cli` imports this only when one of them runs."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from brokers.connector import Connector
from brokers.profiles import load_profiles
from brokers.references import classify_coins
from brokers.store import Catalogue
from scenarios.app import options
from scenarios.app.documents import document_place, read_document, write_document
from scenarios.app.execution import end_session, exit_code, refuse_second_sending, send, summary
from scenarios.app.guard import ExitCode
from scenarios.app.output import Output, notify
from scenarios.app.wiring import (
    SHIPPED,
    Inputs,
    Reading,
    admitted,
    database_path,
    desk_of,
    read_inputs,
    settings_at,
)
from scenarios.mode import Mode
from scenarios.planning import Plan, plan_problem
from scenarios.report import screen, tables
from scenarios.report.document import execution_document, plan_document, requirement_document
from scenarios.report.figures import counted
from scenarios.routing import Desk, decide, references
from solver import Broker, DocumentError, Limits, Policy, ProblemError, decide_document
from solver.requirement import packet_requirement
from solver.tables.display import suggestion


def plan_batch(request: options.Batch) -> int:
    """Decide a batch and show the plan."""
    inputs, problem = admitted(read_inputs(request), skip_invalid=request.skip_invalid)
    found = plan_problem(problem, method=request.method, limits=inputs.limits)
    notify(inputs.notices)
    if request.as_json:
        write_document(plan_document(found, inputs.files, inputs.prices))
        return ExitCode.DONE
    output = Output()
    _show_first(output, found, inputs.prices, f"multibroker plan {request.orders.name} ... --backlog")
    _show_more(output, found, request)
    return ExitCode.DONE


def estimate_batch(request: options.Batch) -> int:
    """Show what a packet of orders would need at each broker, at worst and before any decision."""
    inputs, problem = admitted(read_inputs(request), skip_invalid=request.skip_invalid)
    found = packet_requirement(problem)
    notify(inputs.notices)
    if request.as_json:
        write_document(requirement_document(found, Mode.SIMULATED))
        return ExitCode.DONE
    output = Output()
    output.text(f" {Mode.SIMULATED}   prices: {inputs.prices}")
    output.sheet(tables.requirement_sheet(found))
    return ExitCode.DONE


def run_batch(request: options.Run) -> int:
    """Refresh the references, decide a batch, show the plan, execute it: steps 8, 9 and 10."""
    # Looked at as a whole before the database is touched: bad input leaves nothing behind.
    inputs, _ = admitted(read_inputs(request), skip_invalid=request.skip_invalid)
    desk = desk_of(inputs)
    if "metadata" in inputs.frames:
        Catalogue(desk.database).import_rules(inputs.frames["metadata"])
    return _process(request, inputs, desk, hint=f"multibroker run {request.orders.name} ... --backlog", ledger=True)


def play_demo(request: options.Demo) -> int:
    """Run the whole process on a shipped day."""
    day = SHIPPED / request.day
    folder = tempfile.TemporaryDirectory(prefix="multibroker-", ignore_cleanup_errors=True)
    batch = options.Run(
        orders=day / "orders.csv",
        database=request.database or Path(folder.name) / "demo.sqlite3",
        balances=day / "balances.csv",
        positions=day / "positions.csv",
        rules=SHIPPED / "routing_rules.csv",
        explain=request.explain,
        routes=request.details,
        backlog=request.details,
        reasons=request.details,
        rules_shown=request.details,
        executions=request.details,
    )
    hint = f"multibroker demo --day {request.day} --details"
    with folder:
        inputs, _ = admitted(read_inputs(batch), skip_invalid=False)
        desk = desk_of(inputs)
        try:
            return _process(batch, inputs, desk, hint=hint, ledger=request.details)
        finally:
            desk.database.close()


def _process(request: options.Run, inputs: Inputs, desk: Desk, *, hint: str, ledger: bool) -> int:
    """Go through steps 8, 9 and 10; the first and the last take one line of the screen each."""
    output, begin = Output(), time.monotonic()
    known = references(desk)
    if not request.as_json:
        output.text(f"Step 8   references: {_catalogue_words(known)}, {time.monotonic() - begin:.1f} s")
    found = decide(desk, inputs.frames["orders"], method=request.method, limits=inputs.limits)
    notify(inputs.notices)
    if not request.as_json:
        _show_first(output, found, inputs.prices, hint, lines=screen.MOST_LINES - 2)
    refuse_second_sending(desk, found, again=request.again)
    begin = time.monotonic()
    done, interrupted = send(desk, found)
    seconds = time.monotonic() - begin
    closed, expired = end_session(desk, done)
    code = exit_code(done.reports, interrupted=interrupted)
    if code is ExitCode.DONE and known["trouble"].astype(bool).any():
        code = ExitCode.UNREACHABLE
    if request.as_json:
        write_document(execution_document(closed, inputs.files, inputs.prices))
        return code
    ended = (" until the simulated session ended" if expired else "") + (", interrupted" if interrupted else "")
    output.text(f"Step 10  {summary(done)}{ended}, {seconds:.1f} s")
    _show_more(output, found, request)
    if request.executions:
        output.sheet(tables.executions_sheet(closed.reports))
    if ledger:
        output.sheet(tables.ledger_sheet(closed.capital))
    return code


def refresh_references(request: options.References) -> int:
    """Ask every broker what it trades, import metadata, show the catalogue: step 8."""
    settings = settings_at(request.config)
    reading = Reading(request.dialect or settings.dialect)
    reading.read("listings", request.listings or settings.files.listings)
    reading.read("metadata", request.metadata)
    for name in ("quotes", "rates"):
        reading.read(name, None)
    profiles = load_profiles(settings.files.profiles)
    reading.close(profiles)
    notify(reading.notices)
    desk = desk_of(_bare(reading, profiles, database_path(request.database, settings)))
    desk = dataclasses.replace(desk, connectors=_chosen(desk, request.broker))
    catalogue, output = Catalogue(desk.database), Output()
    known = references(desk)
    output.lines([screen.mode_badge(desk.mode)])
    output.sheet(tables.references_sheet(known))
    if request.metadata is not None:
        count = catalogue.import_rules(reading.frames["metadata"])
        output.text(f"\nMetadata  {counted(count, 'routing rule')} imported from {request.metadata.name}")
    if request.coins:
        output.sheet(tables.coins_sheet(classify_coins(catalogue.listings())))
    return ExitCode.UNREACHABLE if known["trouble"].astype(bool).any() else ExitCode.DONE


def solve_document(request: options.Document) -> int:
    """Decide a network document."""
    document = read_document(request.problem)
    try:
        answer = decide_document(document, request.method)
    except DocumentError as error:
        place = document_place(request.problem)
        raise DocumentError([dataclasses.replace(each, table=place) for each in error.violations]) from None
    write_document(answer, request.output)
    return ExitCode.DONE


def _show_first(output: Output, found: Plan, prices: str, hint: str, lines: int = screen.MOST_LINES) -> None:
    output.lines(screen.first_screen(found, width=output.width, most_lines=lines, prices=prices, hint=hint))


def _show_more(output: Output, found: Plan, request: options.Batch) -> None:
    """Show below the first screen what was asked for."""
    if request.explain:
        output.text(f"\n{screen.EXPLANATION}")
    asked = (
        (request.routes, tables.routes_sheet),
        (request.backlog, tables.backlog_sheet),
        (request.reasons, tables.reasons_sheet),
        (request.capital, tables.capital_sheet),
        (request.rules_shown, tables.rules_sheet),
    )
    for wanted, sheet in asked:
        if wanted:
            output.sheet(sheet(found))


def _catalogue_words(known: pd.DataFrame) -> str:
    aside, trouble = int(known["quarantined"].sum()), int(known["trouble"].astype(bool).sum())
    words = f"{counted(int(known['listings'].sum()), 'listing')} at {counted(len(known), 'broker')}"
    words += f", {aside:,} set aside" if aside else ""
    return words + (f", {counted(trouble, 'broker')} not reached" if trouble else "")


def _bare(reading: Reading, brokers: Mapping[str, Broker], database: Path) -> Inputs:
    """Return the inputs of a desk that only looks."""
    return Inputs(
        frames=reading.frames,
        origins=reading.origins,
        files=reading.files,
        notices=reading.notices,
        brokers=brokers,
        policy=Policy(),
        limits=Limits(),
        base_currency="EUR",
        prices=str(Mode.SIMULATED).lower(),
        database=database,
    )


def _chosen(desk: Desk, names: list[str] | None) -> dict[str, Connector]:
    """Return the connectors of the brokers named, all without names.

    Raises
    ------
    ProblemError
        If a broker is not known.
    """
    for name in names or ():
        if name not in desk.connectors:
            known = ", ".join(desk.connectors)
            raise ProblemError(f"--broker: no broker is called {name!r}{suggestion(name, desk.connectors)} ({known})")
    return {name: each for name, each in desk.connectors.items() if not names or name in names}
