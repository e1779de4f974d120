"""Step 10 as a command sees it: refuse what was sent before, send, sum up, end the simulated session."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pandas as pd

from brokers.clock import utc_now
from brokers.connector import ExecutionReport, OrderStatus
from brokers.store import Journal, Ledger
from scenarios.app.guard import ExitCode
from scenarios.app.output import live_reports
from scenarios.planning import Plan
from scenarios.report.figures import counted
from scenarios.routing import Desk, Interrupted, Outcome, run
from solver import RoutingError

MOST_NAMED = 10
"""Order ids that a refusal names; of more, only their number."""

_ENDED = "the simulated session ended"


class DeniedError(RoutingError):
    """A limit of ours forbids it; nothing was sent."""


def refuse_second_sending(desk: Desk, plan: Plan, *, again: bool = False) -> None:
    """Refuse what was sent before: a batch, known by its content, and any order of today in another batch.

    An order is known by its order id, symbol and side: quantities and prices do not count, since those of a
    notional order follow the market. One that was not sent, or ended without a fill, may be sent again.

    Parameters
    ----------
    desk : Desk
    plan : Plan
    again : bool
        Let orders of another batch through; the same batch never is.

    Raises
    ------
    DeniedError
        With the plan under which the batch was sent, or with the order ids.
    """
    journal = Journal(desk.database)
    plans = journal.plans()
    for row in plans[plans["batch"] == plan.batch_id].itertuples(index=False):
        raise DeniedError(
            f"batch {plan.batch_id} was sent before, as plan {row.plan_id} on {row.at:%Y-%m-%d at %H:%M} UTC: "
            "an order is never sent twice, and nothing was sent now (to play again, name another --database)"
        )
    if again:
        return
    keys = ["order_id", "symbol", "side"]
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    sent = set(journal.sent_since(today)[keys].itertuples(index=False, name=None))
    routed = plan.solution.routes[keys].astype(str).itertuples(index=False, name=None)
    found = list(dict.fromkeys(key[0] for key in routed if key in sent))
    if found:
        more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
        raise DeniedError(
            f"{', '.join(found[:MOST_NAMED])}{more}: sent today in another batch with the same symbol and side, so "
            "nothing was sent now; take them out of the batch, or send them a second time with --again"
        )


def send(desk: Desk, plan: Plan) -> tuple[Outcome, bool]:
    """Execute a plan, showing what comes in; return what became of it, and whether it was interrupted."""
    children = Counter(plan.solution.routes["broker"])
    titles = {name: broker.title for name, broker in desk.brokers.items()}
    with live_reports(children, titles) as reports:
        try:
            return run(desk, plan, on_event=reports), False
        except Interrupted as error:
            return error.outcome, True


def exit_code(reports: pd.DataFrame, *, interrupted: bool = False) -> ExitCode:
    """Return what an execution means for the caller: the worst that happened to any child order.

    An order that goes on working is none of the caller's trouble: a limit order may wait. An interruption is worse
    than anything but an order of which nobody knows what became.
    """
    found = Counter(map(str, reports["status"]))
    if leaves_unknown(reports):
        return ExitCode.UNKNOWN
    if interrupted:
        return ExitCode.INTERRUPTED
    if found[OrderStatus.INTENT]:
        return ExitCode.UNREACHABLE
    if any(found[status] for status in OrderStatus if status.is_final and status is not OrderStatus.FILLED):
        return ExitCode.UNFILLED
    return ExitCode.DONE


def leaves_unknown(orders: pd.DataFrame) -> bool:
    """Tell whether nobody can prove what became of some order: one that was being sent may have arrived."""
    return bool(orders["status"].isin([OrderStatus.UNKNOWN, OrderStatus.SENDING]).any())


def summary(outcome: Outcome) -> str:
    """Return one line on what became of the child orders."""
    reports = outcome.reports
    found = Counter(map(str, reports["status"]))
    words = ", ".join(f"{found[status]:,} {status.lower()}" for status in reversed(OrderStatus) if found[status])
    brokers = reports["broker"].nunique()
    return f"{counted(len(reports), 'child order')} at {counted(brokers, 'broker')}: {words or 'nothing to send'}"


def end_session(desk: Desk, outcome: Outcome) -> tuple[Outcome, int]:
    """End the simulated session: what still works at its brokers expires and gives its capital back.

    The simulated brokers live in this process. Without this, holds for orders that no longer exist anywhere would
    stay in the ledger for ever.

    Returns
    -------
    Outcome
        With the reports and the capital as they are then.
    int
        How many orders expired.
    """
    reports = outcome.reports
    is_working = reports["status"].isin([OrderStatus.WORKING, OrderStatus.PARTIAL])
    working = reports[is_working]
    expired = [
        ExecutionReport(
            client_order_id=row.client_order_id,
            broker=row.broker,
            status=OrderStatus.EXPIRED,
            cum_quantity=row.cum_quantity,
            leaves_quantity=Decimal(0),
            average_price=row.average_price,
            fee=row.fee,
            fee_currency=row.fee_currency,
            broker_order_id=row.broker_order_id,
            text=_ENDED,
            at=utc_now(),
        )
        for row in working.itertuples(index=False)
    ]
    Journal(desk.database).record(expired)
    ended = reports.astype({"status": object})
    for column in ("status", "leaves_quantity", "text", "at"):
        ended.loc[is_working, column] = pd.Series(
            [getattr(each, column) for each in expired], index=working.index, dtype=object
        )
    return replace(outcome, reports=ended, capital=Ledger(desk.database).capital()), len(expired)
