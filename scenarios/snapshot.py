"""What the desk sees at one moment: catalogue, prices, money and holdings, as the tables of a problem."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from brokers.connector import Connector, ExecutionReport
from brokers.errors import BrokerError, first_of
from brokers.frames import listings_of
from brokers.store import Catalogue, Database, Holdings, Ledger
from solver import tables
from solver.domain import Balance, Listing, Position, Quote


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The world a batch meets, as canonical tables (see `solver.tables`).

    Attributes
    ----------
    listings : DataFrame
        The stored catalogue.
    rules : DataFrame
        Ticker metadata that was imported, as routing rules.
    balances : DataFrame
        Cash of every pool as the ledger has it: what is held for live orders is already deducted.
    positions, quotes : DataFrame
        Without the quotes of brokers that did not answer; of their holdings, what they told last.
    unreachable : mapping of str to BrokerError
        Brokers that did not answer: their pools are as the ledger knew them.
    """

    listings: pd.DataFrame
    rules: pd.DataFrame
    balances: pd.DataFrame
    positions: pd.DataFrame
    quotes: pd.DataFrame
    unreachable: Mapping[str, BrokerError]


async def take_snapshot(connectors: Mapping[str, Connector], database: Database) -> Snapshot:
    """Ask every broker for money, holdings and prices, store what must be remembered, and return it all.

    Parameters
    ----------
    connectors : mapping of str to Connector
        Open connectors by broker name.
    database : Database
        Its catalogue must have been refreshed (step 8).

    Raises
    ------
    StoreError
        If the database does not take what was read.
    """
    catalogue, ledger, holdings = Catalogue(database), Ledger(database), Holdings(database)
    listings = catalogue.listings()
    wanted: dict[str, list[Listing]] = {name: [] for name in connectors}
    for listing in listings_of(listings):
        wanted.setdefault(listing.broker, []).append(listing)
    answers = await asyncio.gather(*(_ask(connector, wanted[name]) for name, connector in connectors.items()))
    asked = dict(zip(connectors, answers, strict=True))
    told = {name: answer for name, answer in asked.items() if isinstance(answer, _Answer)}
    live = [report.client_order_id for answer in told.values() for report in answer.working]
    balances = [balance for answer in told.values() for balance in answer.balances]
    ledger.synchronise(balances, live=live, answered=told)
    for name, answer in told.items():
        holdings.replace(name, answer.positions)
    quotes = [replace(quote, broker=name) for name, answer in told.items() for quote in answer.quotes]
    return Snapshot(
        listings,
        catalogue.rules(),
        ledger.balances(),
        holdings.positions(),
        tables.objects_to_frame(quotes, tables.QUOTES),
        {name: answer for name, answer in asked.items() if isinstance(answer, BrokerError)},
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    balances: Sequence[Balance]
    positions: Sequence[Position]
    quotes: Sequence[Quote]
    working: Sequence[ExecutionReport]


async def _ask(connector: Connector, listings: list[Listing]) -> _Answer | BrokerError:
    """Ask one broker for everything; its trouble is an answer, since it must not touch the others."""
    try:
        async with asyncio.TaskGroup() as group:
            balances = group.create_task(connector.balances())
            positions = group.create_task(connector.positions())
            quotes = group.create_task(connector.quotes(listings))
            working = group.create_task(connector.open_orders())
    except ExceptionGroup as errors:
        # What is no trouble of the broker's is ours, and more urgent.
        _, bugs = errors.split(BrokerError)
        error = first_of(errors if bugs is None else bugs)
        if isinstance(error, BrokerError):
            return error
        raise error from errors
    return _Answer(balances.result(), positions.result(), quotes.result(), working.result())
