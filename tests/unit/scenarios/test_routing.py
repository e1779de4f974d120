"""Steps 8, 9 and 10 on a small desk, with brokers that are up and brokers that are down."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from brokers.simulated.connector import SimulatedConnector
from brokers.store import Database, Ledger
from scenarios.routing import Desk, decide, references, run
from solver import ProblemError
from solver.domain import Balance, Listing, Quote
from tests.unit.brokers.world import table

ORDERS = table("order_id,symbol,side,quantity,sleeve,priority", "A,ASML,buy,2,s,1 B,CRO,buy,100,s,1")


def exchange_of(desk: Desk, name: str) -> SimulatedConnector:
    connector = desk.connectors[name]
    assert isinstance(connector, SimulatedConnector)
    return connector


def test_a_broker_that_is_down_is_a_row_with_its_trouble(desk: Desk) -> None:
    """Step 8 refreshes the others and says which broker was not reached; the catalogue keeps its listings."""
    exchange_of(desk, "alpaca").exchange.is_up = False
    known = references(desk).set_index("broker")
    assert known.index[known["trouble"] != ""].to_list() == ["alpaca"]
    assert (known.drop(index="alpaca")["listings"] > 0).all()


def test_a_decision_needs_a_catalogue(desk: Desk, tmp_path: Path) -> None:
    """Step 9 before step 8 says what to call first; where no broker can be reached, everything stays behind."""
    early = replace(desk, database=Database(tmp_path / "early.sqlite3"))
    with pytest.raises(ProblemError, match=r"call references\(desk\) first"):
        decide(early, ORDERS)
    for name in early.connectors:
        exchange_of(early, name).exchange.is_up = False
    assert decide(early, ORDERS).solution.backlog["code"].to_list() == ["UNKNOWN_INSTRUMENT"] * 2


def test_nothing_is_routed_to_a_broker_that_is_down(desk: Desk) -> None:
    """Step 9 decides without it, says so, and leaves its capital in the ledger as it was."""
    exchange_of(desk, "ibkr").exchange.is_up = False
    found = decide(desk, ORDERS)
    assert found.solution.routes["order_id"].to_list() == ["B"]
    assert found.solution.backlog["code"].to_list() == ["BROKER_DOWN"]
    free = Ledger(desk.database).capital().set_index(["broker", "currency"])["free"]
    assert free["ibkr", "EUR"] == 10_000


def test_a_broker_that_fails_while_it_is_asked_is_down(desk: Desk) -> None:
    """A failure after the connection was opened stops only that broker, and is no bare group of errors."""

    class Failing(SimulatedConnector):
        async def quotes(self, listings: Collection[Listing]) -> Sequence[Quote]:
            self.exchange.is_up = False
            return await super().quotes(listings)

        async def balances(self) -> Sequence[Balance]:
            self.exchange.is_up = False
            return await super().balances()

    failing = Failing(exchange_of(desk, "ibkr").exchange)
    found = decide(replace(desk, connectors={**desk.connectors, "ibkr": failing}), ORDERS)
    assert found.solution.routes["order_id"].to_list() == ["B"]
    assert found.solution.backlog["code"].to_list() == ["BROKER_DOWN"]


def test_our_own_error_is_not_taken_for_trouble_of_a_broker(desk: Desk) -> None:
    """What is no broker error comes out as itself."""

    class Broken(SimulatedConnector):
        async def balances(self) -> Sequence[Balance]:
            raise KeyError("ours")

    broken = Broken(exchange_of(desk, "ibkr").exchange)
    with pytest.raises(KeyError, match="ours"):
        decide(replace(desk, connectors={**desk.connectors, "ibkr": broken}), ORDERS)


def test_orders_of_a_broker_that_went_down_are_not_sent(desk: Desk) -> None:
    """Step 10 sends the others; what was not sent says so and holds nothing."""
    decided = decide(desk, ORDERS)
    exchange_of(desk, "ibkr").exchange.is_up = False
    reports = run(desk, decided).reports.set_index("order_id")
    assert reports["status"].to_dict() == {"A": "INTENT", "B": "FILLED"}
    assert reports.at["A", "text"] == "not sent: no connection to ibkr"
    assert not Ledger(desk.database).capital()["held"].astype(bool).any()


def test_amounts_in_reports_are_plain(desk: Desk) -> None:
    """No zeros are left behind by a lot of nine decimals."""
    orders = table("order_id,symbol,side,quantity,sleeve,priority", "A,AAPL,buy,2,s,1")
    reports = run(desk, decide(desk, orders)).reports
    assert [str(value) for value in reports.loc[0, ["quantity", "cum_quantity", "leaves_quantity"]]] == ["2", "2", "0"]


def test_a_decision_counts_on_nothing_that_is_yet_to_come(desk: Desk) -> None:
    """Every buy is held before any sell brings cash, and no currency is changed: what needs either stays behind."""
    brokers = {
        **desk.brokers,
        "crypto_com": replace(desk.brokers["crypto_com"], instant_proceeds=frozenset({"crypto"})),
    }
    rich = replace(desk, brokers=brokers)
    orders = table("order_id,symbol,side,quantity,sleeve,priority", "A,BTC,sell,0.5,s,1 B,CRO,buy,400000,s,1")
    decided = decide(rich, orders)
    assert decided.solution.routes["order_id"].to_list() == ["A"]
    assert decided.solution.backlog["order_id"].to_list() == ["B"]
    assert run(rich, decided).reports["order_id"].to_list() == ["A"]
