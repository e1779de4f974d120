"""A small desk in the world of `tests.unit.brokers.world`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.routing import Desk, references
from scenarios.simulation import simulated_desk
from tests.unit.brokers.world import BALANCES, NOW, POSITIONS, QUOTES, listings_frame, table


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a full catalogue."""
    desk = simulated_desk(
        listings_frame(),
        table("broker,account,currency,cash", BALANCES),
        table("broker,account,symbol,quantity", POSITIONS),
        quotes=table("symbol,mic,currency,bid,ask", QUOTES).assign(as_of=NOW.isoformat()),
        rates=table("from,to,rate", "USD,EUR,0.9").assign(as_of=NOW.isoformat()),
        database=tmp_path / "d.sqlite3",
    )
    references(desk)
    return desk
