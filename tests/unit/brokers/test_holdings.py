from __future__ import annotations

from decimal import Decimal

from brokers.store import Database, Holdings
from solver.domain import Position


def test_a_broker_tells_all_of_its_positions_at_once(database: Database) -> None:
    """What a broker no longer tells is no longer held there; other brokers are untouched."""
    holdings = Holdings(database)
    apple = Position("ibkr", "U1", "AAPL", Decimal("10.5"), "XNAS", "USD")
    holdings.replace("ibkr", [apple, Position("ibkr", "U1", "ASML", Decimal(5), "XAMS", "EUR")])
    holdings.replace("alpaca", [Position("alpaca", "PA1", "BTC", Decimal("0.000000001"))])
    holdings.replace("ibkr", [apple])
    rows = [tuple(row) for row in holdings.positions()[["broker", "symbol", "mic", "quantity"]].itertuples(index=False)]
    assert rows == [("alpaca", "BTC", "", Decimal("0.000000001")), ("ibkr", "AAPL", "XNAS", Decimal("10.5"))]
