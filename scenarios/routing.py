"""The whole story of a batch: step 8 asks what can be traded, step 9 decides, step 10 sends.

Each step is one call with tables going in and coming out, so that an existing process can use them one by one in
place of its own. `Desk` holds what they share; `scenarios.simulation.simulated_desk` makes one that needs nothing
but tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pandas as pd

from brokers.connector import Connector, ExecutionReport
from brokers.errors import BrokerError
from brokers.execution import children_of, execute
from brokers.references import refresh_references
from brokers.store import Catalogue, Database, Journal, Ledger
from scenarios.interruption import heeding
from scenarios.mode import Mode
from scenarios.planning import Plan, plan
from scenarios.snapshot import Snapshot, take_snapshot
from solver import Broker, Limits, Policy, ProblemError
from solver.domain import Instrument
from solver.policy import merged, rules_from_frame
from solver.problem import BASE_CURRENCY

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Desk:
    """What the steps of a run share.

    Attributes
    ----------
    connectors : mapping of str to Connector
        By broker name; opened for the length of each call.
    database : Database
    brokers : mapping of str to Broker
        Order rules and fees.
    policy : Policy
    rates : DataFrame
        Exchange rates into the base currency.
    base_currency : str
    mode : Mode
    """

    connectors: Mapping[str, Connector]
    database: Database
    brokers: Mapping[str, Broker]
    policy: Policy = field(default_factory=Policy)
    rates: pd.DataFrame | None = None
    base_currency: str = BASE_CURRENCY
    mode: Mode = Mode.SIMULATED


def references(desk: Desk, universe: Collection[Instrument] = ()) -> pd.DataFrame:
    """Ask every broker what it trades and store it: step 8.

    Parameters
    ----------
    desk : Desk
    universe : collection of Instrument
        What to ask the brokers about that cannot list everything; empty: all they list.

    Returns
    -------
    DataFrame
        One row a broker, with the ``trouble`` of one that cannot be reached, see
        `brokers.references.refresh_references`. The catalogue itself is ``Catalogue(desk.database).listings()``.

    Raises
    ------
    StoreError
        If the catalogue cannot be written.
    """

    async def step() -> pd.DataFrame:
        async with _opened(desk) as (reached, unreachable):
            return await refresh_references(reached, desk.database, universe, unreachable=unreachable)

    return _wait(step)


def decide(desk: Desk, orders: pd.DataFrame, *, method: str = "optimal", limits: Limits | None = None) -> Plan:
    """Decide a batch on what the brokers tell now: step 9.

    A broker that cannot be reached is down: nothing is routed to it, and its capital stays as the ledger knew it.
    Decided is only what step 10 can carry out: no currency is changed, and no sell pays for a buy of the same batch.

    Parameters
    ----------
    desk : Desk
        Its catalogue must have been refreshed: call `references` first.
    orders : DataFrame
        See `solver.tables.ORDERS`.
    method, limits
        See `solver.solve_network`.

    Returns
    -------
    Plan
        With the tables ``plan.solution.routes``, ``.backlog``, ``.capital`` and ``.reasons``.

    Raises
    ------
    ProblemError
        With every problem of the orders; or if no broker was ever asked what it trades, though one can be reached:
        that nobody asked is no reason to call an order listed nowhere.
    """

    async def look() -> Snapshot:
        async with _opened(desk) as (reached, unreachable):
            seen = await take_snapshot(reached, desk.database)
            return replace(seen, unreachable={**unreachable, **seen.unreachable})

    seen = _wait(look)
    if Catalogue(desk.database).refreshes().empty and len(seen.unreachable) < len(desk.connectors):
        raise ProblemError("the catalogue was never filled: call references(desk) first (step 8), then decide")
    # Step 10 changes no currency and holds every buy before any sell brings cash, so nothing is decided that needs it.
    brokers = {
        name: replace(
            broker,
            is_up=broker.is_up and name not in seen.unreachable,
            conversion=None,
            instant_proceeds=frozenset(),
        )
        for name, broker in desk.brokers.items()
    }
    return plan(
        orders,
        seen.listings,
        seen.balances,
        seen.positions,
        quotes=seen.quotes,
        rates=desk.rates,
        brokers=brokers,
        policy=replace(desk.policy, rules=merged(desk.policy.rules, rules_from_frame(seen.rules))),
        base_currency=desk.base_currency,
        method=method,
        limits=limits,
        mode=desk.mode,
    )


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a plan.

    Attributes
    ----------
    plan : Plan
    reports : DataFrame
        One row a child order, see `brokers.execution.execute`.
    capital : DataFrame
        The ledger afterwards: ``broker, account, currency, total, free, held, spent``.
    """

    plan: Plan
    reports: pd.DataFrame
    capital: pd.DataFrame


class Interrupted(KeyboardInterrupt):
    """Step 10 was interrupted and has ended in order.

    Parameters
    ----------
    outcome : Outcome
        What had become of the plan by then.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("interrupted while orders were being sent")
        self.outcome = outcome


def run(
    desk: Desk,
    decided: Plan,
    *,
    deadline_seconds: float = 60.0,
    on_event: Callable[[ExecutionReport], None] | None = None,
) -> Outcome:
    """Send a plan's routes to all brokers in parallel and settle their capital: step 10.

    Plan, holds and child orders are stored before anything is sent; a plan whose holds no longer fit is refused.
    Every buy is held against the cash that is there before any sell: a plan that spends the proceeds of its own
    sells (`solver.Broker.instant_proceeds`), or currency that it would have changed first, is refused too; `decide`
    makes none such. Child orders of a broker that cannot be reached are
    not sent and hold nothing afterwards.

    Parameters
    ----------
    desk : Desk
    decided : Plan
    deadline_seconds : float
        For each broker.
    on_event : callable, optional
        Told of every report as it comes in.

    Raises
    ------
    CapitalError
        If a hold does not fit into the cash that is there, naming each pool; nothing was stored or sent.
    StoreError
        If the plan, or another one of its batch, was stored before, or the database does not take it; nothing was
        sent.
    Interrupted
        At Ctrl-C: nothing was sent after it, see `brokers.execution.execute`. A second one leaves at once, with
        what the journal knows by then.
    KeyboardInterrupt
        At Ctrl-C before the plan was stored.
    """
    journal = Journal(desk.database)
    routes, backlog = decided.solution.routes, decided.solution.backlog
    children = children_of(routes, decided.batch_id)

    async def step(interrupted: asyncio.Event) -> pd.DataFrame | None:
        # Opened first: what fails before the plan is stored leaves no hold behind.
        async with _opened(desk) as (reached, _):
            if interrupted.is_set():
                return None
            journal.write_plan(
                decided.plan_id,
                batch=decided.batch_id,
                routes=routes,
                backlog=backlog,
                children=children,
                summary=decided.solution.summary(),
            )
            return await execute(
                children,
                reached,
                journal,
                deadline_seconds=deadline_seconds,
                interrupted=interrupted,
                on_event=on_event,
            )

    reports, interrupted = heeding(step)
    if reports is None:
        raise KeyboardInterrupt
    outcome = Outcome(decided, reports, Ledger(desk.database).capital())
    if interrupted:
        raise Interrupted(outcome)
    return outcome


@asynccontextmanager
async def _opened(desk: Desk) -> AsyncIterator[tuple[dict[str, Connector], dict[str, BrokerError]]]:
    """Keep open, for the length of the body, the connectors that can be opened; tell the trouble of the others."""
    reached: dict[str, Connector] = {}
    unreachable: dict[str, BrokerError] = {}
    async with AsyncExitStack() as stack:
        for name, connector in desk.connectors.items():
            try:
                reached[name] = await stack.enter_async_context(connector)
            except BrokerError as error:
                unreachable[name] = error
        yield reached, unreachable


def _wait(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a step to its end, from a notebook's running event loop too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(step())
    with ThreadPoolExecutor(1) as worker:
        return worker.submit(lambda: asyncio.run(step())).result()
