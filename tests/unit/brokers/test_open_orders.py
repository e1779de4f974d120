from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from brokers.connector import ChildOrder, ExecutionReport, OrderStatus
from brokers.store import Database, Journal, Ledger
from brokers.store.open_orders import COLUMNS, open_orders
from tests.unit.brokers.world import NOW, route

Write = Callable[..., list[ChildOrder]]
SECOND = timedelta(seconds=1)


def report(child: ChildOrder, status: OrderStatus, filled: str = "0", text: str = "") -> ExecutionReport:
    quantity = Decimal(filled)
    return ExecutionReport(
        client_order_id=child.client_order_id,
        broker=child.broker,
        status=status,
        cum_quantity=quantity,
        leaves_quantity=Decimal(0) if status.is_final else child.quantity - quantity,
        average_price=child.limit_price if quantity else None,
        text=text,
        at=NOW + 2 * SECOND,
    )


def test_what_is_not_final_is_open_with_its_hold_and_its_time(
    database: Database, journal: Journal, write_plan: Write
) -> None:
    """I2: every state that is not final is shown, by broker, with what is held, since when, and the words about it."""
    states = {
        "intent": None,
        "unknown": OrderStatus.UNKNOWN,
        "sending": None,
        "partial": OrderStatus.PARTIAL,
        "working": OrderStatus.WORKING,
        **{status.lower(): status for status in OrderStatus if status.is_final},
    }
    brokers = ["ibkr", "crypto_com", "alpaca", "crypto_com", "ibkr"] + ["crypto_com"] * 5
    symbols = {"ibkr": "AAPL", "crypto_com": "CRO", "alpaca": "BTC"}
    rows = [
        route(name, broker, symbols[broker], "buy", "2", "200") for name, broker in zip(states, brokers, strict=True)
    ]
    children = {child.order_id: child for child in write_plan(*rows)}
    journal.record_sending(
        [child.client_order_id for name, child in children.items() if name != "intent"], NOW + SECOND
    )
    journal.record(
        report(children[name], status, "1" if name == "partial" else "0", f"it is {name}")
        for name, status in states.items()
        if status is not None
    )
    found = open_orders(database)
    assert tuple(found.columns) == COLUMNS
    assert found["order_id"].to_list() == ["sending", "unknown", "partial", "intent", "working"]
    by_order = found.set_index("order_id")
    assert [status.lower() for status in by_order["status"]] == by_order.index.to_list()
    assert by_order["at"].to_dict() == {
        "intent": NOW,
        "sending": NOW + SECOND,
        **dict.fromkeys(["unknown", "partial", "working"], NOW + 2 * SECOND),
    }
    required = {name: children[name].required_capital for name in by_order.index}
    assert by_order["held"].to_dict() == {**required, "partial": Decimal(200)}
    assert by_order.at["partial", "cum_quantity"] == 1
    assert by_order.at["unknown", "text"] == "it is unknown"


def test_every_plan_is_looked_at_and_its_holds_are_all_of_the_ledger(
    database: Database, ledger: Ledger, write_plan: Write
) -> None:
    """I4: what is held for open orders, of whatever plan, is all that the ledger holds; a sell holds nothing."""
    write_plan(route("o1", "ibkr", "AAPL", "buy", "1", "201"), route("o2", "ibkr", "ASML", "sell", "1", "700"))
    write_plan(route("o3", "alpaca", "BTC", "buy", "0.1", "60020"), plan_id="plan-2", batch="batch-2")
    found = open_orders(database)
    assert dict(zip(found["order_id"], found["plan_id"], strict=True)) == {
        "o1": "plan-1",
        "o2": "plan-1",
        "o3": "plan-2",
    }
    assert sum(found["held"], Decimal(0)) == sum(ledger.capital()["held"], Decimal(0)) > 0
    assert found.set_index("order_id").at["o2", "held"] == 0


def test_nothing_is_open_in_an_empty_store(database: Database) -> None:
    """Without orders the table is empty and has its columns."""
    found = open_orders(database)
    assert found.empty
    assert tuple(found.columns) == COLUMNS
