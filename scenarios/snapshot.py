"""What the desk sees at one moment: catalogue, prices, money and holdings, as the tables of a problem."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from brokers.connector import Connector, ExecutionReport
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
    """

    listings: pd.DataFrame
    rules: pd.DataFrame
    balances: pd.DataFrame
    positions: pd.DataFrame
    quotes: pd.DataFrame


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
    BrokerError
        If a broker cannot be reached.
    StoreError
        If the database does not take what was read.
    """
    catalogue, ledger, holdings = Catalogue(database), Ledger(database), Holdings(database)
    listings = catalogue.listings()
    wanted: dict[str, list[Listing]] = {name: [] for name in connectors}
    for listing in listings_of(listings):
        wanted.setdefault(listing.broker, []).append(listing)
    async with asyncio.TaskGroup() as group:
        asked = {name: group.create_task(_ask(connector, wanted[name])) for name, connector in connectors.items()}
    told = {name: task.result() for name, task in asked.items()}
    live = [report.client_order_id for answer in told.values() for report in answer.working]
    ledger.synchronise([balance for answer in told.values() for balance in answer.balances], live=live)
    for name, answer in told.items():
        holdings.replace(name, answer.positions)
    quotes = [replace(quote, broker=name) for name, answer in told.items() for quote in answer.quotes]
    return Snapshot(
        listings,
        catalogue.rules(),
        ledger.balances(),
        holdings.positions(),
        tables.objects_to_frame(quotes, tables.QUOTES),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    balances: Sequence[Balance]
    positions: Sequence[Position]
    quotes: Sequence[Quote]
    working: Sequence[ExecutionReport]


async def _ask(connector: Connector, listings: list[Listing]) -> _Answer:
    return _Answer(
        *await asyncio.gather(
            connector.balances(), connector.positions(), connector.quotes(listings), connector.open_orders()
        )
    )
