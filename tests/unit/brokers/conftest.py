"""Fixtures: the small world of `world.py`, and a store in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from brokers.connector import ChildOrder
from brokers.execution import children_of
from brokers.simulated.connector import SimulatedConnector
from brokers.simulated.exchange import SimulatedExchange
from brokers.store import Database, Journal, Ledger
from tests.unit.brokers.world import AT_ONCE, NOW, listings_frame, make_market


@pytest.fixture
def listings() -> pd.DataFrame:
    return listings_frame()


@pytest.fixture
def market() -> dict[str, SimulatedExchange]:
    return make_market()


@pytest.fixture
def connectors(market: dict[str, SimulatedExchange]) -> dict[str, SimulatedConnector]:
    return {name: SimulatedConnector(exchange, AT_ONCE) for name, exchange in market.items()}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    database.close()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


@pytest.fixture
def ledger(database: Database, market: dict[str, SimulatedExchange]) -> Ledger:
    """A ledger that knows the cash of every broker."""
    ledger = Ledger(database)
    for exchange in market.values():
        ledger.synchronise(exchange.balances())
    return ledger


@pytest.fixture
def write_plan(journal: Journal, ledger: Ledger) -> Callable[..., list[ChildOrder]]:
    """Record a plan of these routes and return its children."""

    def write(*rows: dict[str, Any], plan_id: str = "plan-1", batch: str = "batch-1") -> list[ChildOrder]:
        routes = pd.DataFrame(rows)
        children = children_of(routes, batch)
        journal.write_plan(plan_id, batch=batch, routes=routes, backlog=pd.DataFrame(), children=children, at=NOW)
        return children

    return write
