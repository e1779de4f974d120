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
from brokers.execution import children_of, execute
from brokers.references import refresh_references
from brokers.store import Database, Journal, Ledger
from scenarios.mode import Mode
from scenarios.planning import Plan, plan
from scenarios.snapshot import take_snapshot
from solver import Broker, Limits, Policy
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
        One row a broker, see `brokers.references.refresh_references`. The catalogue itself is
        ``Catalogue(desk.database).listings()``.

    Raises
    ------
    BrokerError
        If a broker cannot be reached.
    """

    async def step() -> pd.DataFrame:
        async with _opened(desk):
            return await refresh_references(desk.connectors, desk.database, universe)

    return _wait(step)


def decide(desk: Desk, orders: pd.DataFrame, *, method: str = "optimal", limits: Limits | None = None) -> Plan:
    """Decide a batch on what the brokers tell now: step 9.

    Parameters
    ----------
    desk : Desk
        Its catalogue must have been refreshed.
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
        With every problem of the orders.
    BrokerError
        If a broker cannot be reached.
    """

    async def look() -> Any:
        async with _opened(desk):
            return await take_snapshot(desk.connectors, desk.database)

    seen = _wait(look)
    return plan(
        orders,
        seen.listings,
        seen.balances,
        seen.positions,
        quotes=seen.quotes,
        rates=desk.rates,
        brokers=desk.brokers,
        policy=replace(desk.policy, rules=merged(desk.policy.rules, rules_from_frame(seen.rules))),
        base_currency=desk.base_currency,
        method=method,
        limits=limits,
        mode=desk.mode,
    )


@dataclass(frozen=True, eq=False)
class Execution:
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


def run(
    desk: Desk,
    decided: Plan,
    *,
    deadline_seconds: float = 60.0,
    on_event: Callable[[ExecutionReport], None] | None = None,
) -> Execution:
    """Send a plan's routes to all brokers in parallel and settle their capital: step 10.

    Plan, holds and child orders are stored before anything is sent; a plan whose holds no longer fit is refused.

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
        If a hold no longer fits; nothing was sent.
    StoreError
        If the plan was stored before, or the database does not take it; nothing was sent.
    """
    journal = Journal(desk.database)
    routes, backlog = decided.solution.routes, decided.solution.backlog
    children = children_of(routes, decided.batch_id)
    journal.write_plan(
        decided.plan_id,
        batch=decided.batch_id,
        routes=routes,
        backlog=backlog,
        children=children,
        summary=decided.solution.summary(),
    )

    async def step() -> pd.DataFrame:
        async with _opened(desk):
            return await execute(
                children, desk.connectors, journal, deadline_seconds=deadline_seconds, on_event=on_event
            )

    return Execution(decided, _wait(step), Ledger(desk.database).capital())


@asynccontextmanager
async def _opened(desk: Desk) -> AsyncIterator[None]:
    """Keep all connectors of the desk open for the length of the body."""
    async with AsyncExitStack() as stack:
        for connector in desk.connectors.values():
            await stack.enter_async_context(connector)
        yield


def _wait(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a step to its end, from a notebook's running event loop too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(step())
    with ThreadPoolExecutor(1) as worker:
        return worker.submit(lambda: asyncio.run(step())).result()
