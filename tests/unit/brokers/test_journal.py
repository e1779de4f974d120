from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from brokers.connector import ChildOrder, Execution, ExecutionReport, OrderStatus
from brokers.errors import CapitalError, StoreError
from brokers.execution import children_of
from brokers.store import Database, Journal, Ledger
from solver.errors import ProblemError
from tests.unit.brokers.world import NOW, route

Write = Callable[..., list[ChildOrder]]


def report(child: ChildOrder, status: str, *fills: str, **changes: Any) -> ExecutionReport:
    """A report after fills written as quantity@price+fee."""
    executions = []
    for number, text in enumerate(fills):
        quantity, _, rest = text.partition("@")
        price, _, fee = rest.partition("+")
        executions.append(
            Execution(
                execution_id=f"{child.client_order_id}-{number}",
                quantity=Decimal(quantity),
                price=Decimal(price),
                fee=Decimal(fee),
                fee_currency=child.currency,
                at=NOW,
            )
        )
    filled = sum((each.quantity for each in executions), Decimal(0))
    values: dict[str, Any] = {
        "client_order_id": child.client_order_id,
        "broker": child.broker,
        "status": OrderStatus(status),
        "cum_quantity": filled,
        "leaves_quantity": child.quantity - filled,
        "fee": sum((each.fee or Decimal(0) for each in executions), Decimal(0)),
        "fee_currency": child.currency,
        "at": NOW,
        "executions": tuple(executions),
    }
    return ExecutionReport(**{**values, **changes})


def pool(ledger: Ledger, broker: str = "ibkr", currency: str = "USD") -> tuple[Decimal, ...]:
    """Free, held, spent."""
    capital = ledger.capital()
    row = capital[(capital["broker"] == broker) & (capital["currency"] == currency)].iloc[0]
    return row.free, row.held, row.spent


def state(journal: Journal, number: int = 0) -> tuple[str, Decimal]:
    row = journal.children("plan-1").iloc[number]
    return row.status, row.cum_quantity


def test_a_plan_is_recorded_with_its_intents_and_holds(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """I3: once a plan is recorded, each child is an intent and its capital is held; a sell holds none."""
    buy = route("o1", "ibkr", "AAPL", "buy", "10", "201")
    sell = route("o2", "ibkr", "ASML", "sell", "5", "700")
    children = write_plan(buy, sell)
    stored = journal.children("plan-1")
    assert list(stored["client_order_id"]) == [child.client_order_id for child in children]
    assert set(stored["status"]) == {"INTENT"}
    assert list(stored["required_capital"]) == [Decimal(2011), Decimal(0)]
    assert pool(ledger) == (Decimal(7989), Decimal(2011), Decimal(0))
    assert pool(ledger, currency="EUR") == (Decimal(10_000), Decimal(0), Decimal(0))


def test_a_plan_reads_as_it_was_written(journal: Journal, ledger: Ledger) -> None:
    """Routes, backlog and figures come back as they were decided."""
    routes = pd.DataFrame([route("o1", "alpaca", "BTC", "buy", "0.000123456", "60011")])
    backlog = pd.DataFrame(
        [{"order_id": "o9", "quantity": None, "notional": Decimal("10.5"), "code": "NOT_LISTED", "lost_to": ("a", "b")}]
    )
    journal.write_plan(
        "plan-1",
        batch="b",
        routes=routes,
        backlog=backlog,
        children=children_of(routes, "b"),
        summary={"objective": 10**30, "gap": 0.0},
        at=NOW,
    )
    assert journal.routes("plan-1").loc[0, ["order_id", "quantity", "limit_price", "rank"]].to_list() == [
        "o1",
        Decimal("0.000123456"),
        Decimal(60011),
        1,
    ]
    left = journal.backlog("plan-1").loc[0]
    assert (left.order_id, left.notional, left.code, left.lost_to) == ("o9", Decimal("10.5"), "NOT_LISTED", "a|b")
    head = journal.plan("plan-1")
    assert (head.batch, head.at, dict(head.summary)) == ("b", NOW, {"objective": 10**30, "gap": 0.0})
    assert journal.plans().loc[0, ["plan_id", "routes", "backlog"]].to_list() == ["plan-1", 1, 1]


def test_a_plan_that_does_not_fit_any_more_leaves_nothing(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """F92: refused holds refuse the plan, its routes and its intents with it."""
    with pytest.raises(CapitalError, match="insufficient free capital: ibkr U1"):
        write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "200"), route("o2", "ibkr", "AAPL", "buy", "45", "200"))
    assert journal.plans().empty
    assert journal.children("plan-1").empty
    assert pool(ledger) == (Decimal(10_000), Decimal(0), Decimal(0))


def test_a_batch_is_recorded_once(write_plan: Write, ledger: Ledger) -> None:
    """I1: neither the plan nor an order of the batch can be recorded a second time, whatever the plan is called."""
    row = route("o1", "ibkr", "AAPL", "buy", "1", "200")
    write_plan(row)
    with pytest.raises(StoreError, match="plan-1 or another one of the batch"):
        write_plan(row)
    with pytest.raises(StoreError, match="it is never sent twice"):
        write_plan(row, plan_id="plan-2")
    write_plan(row, plan_id="plan-2", batch="batch-2")
    assert pool(ledger)[1] == 402


def test_an_order_is_sent_once(write_plan: Write, journal: Journal) -> None:
    """I1: only a fresh intent can be recorded as being sent; of several, all or none."""
    first, second = write_plan(
        route("o1", "ibkr", "AAPL", "buy", "1", "200"), route("o2", "ibkr", "AAPL", "buy", "1", "200")
    )
    journal.record_sending([first.client_order_id])
    with pytest.raises(StoreError, match="is SENDING: it is not sent again"):
        journal.record_sending([second.client_order_id, first.client_order_id])
    assert list(journal.children("plan-1")["status"]) == ["SENDING", "INTENT"]
    with pytest.raises(StoreError, match="no child order is recorded as absent"):
        journal.record_sending(["absent"])


def test_a_full_fill_settles_and_releases_the_rest(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """I7: a filled buy has spent what it cost, and the rest of its hold is free again."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "FILLED", "4@200+1", "6@200+0")])
    assert state(journal) == ("FILLED", Decimal(10))
    assert pool(ledger) == (Decimal(10_000 - 2_001), Decimal(0), Decimal(2_001))


def test_a_partial_fill_keeps_the_rest_held(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """What still works keeps its capital until it is final."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "PARTIAL", "4@200+1")])
    assert pool(ledger) == (Decimal(7_989), Decimal(2_011 - 801), Decimal(801))
    journal.record([report(child, "CANCELED", "4@200+1")])
    assert state(journal) == ("CANCELED", Decimal(4))
    assert pool(ledger) == (Decimal(10_000 - 801), Decimal(0), Decimal(801))


def test_an_execution_counts_once(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """F49: however often a fill is told, it is applied once, and the second time leaves no trace."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    for _ in range(3):
        journal.record([report(child, "PARTIAL", "4@200+1")])
    journal.record([report(child, "PARTIAL", "4@200+1", "2@200+0"), report(child, "PARTIAL", "4@200+1")])
    assert state(journal) == ("PARTIAL", Decimal(6))
    assert list(journal.executions("plan-1")["quantity"]) == [4, 2]
    assert list(journal.events(child.client_order_id)["status"]) == ["INTENT", "PARTIAL", "PARTIAL"]
    assert pool(ledger)[2] == 1_201


def test_a_late_report_does_not_undo_the_end(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """I8: an acknowledgement that arrives after the fill changes nothing."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "FILLED", "10@200+1")])
    before = pool(ledger)
    journal.record([report(child, "WORKING"), report(child, "UNKNOWN"), report(child, "INTENT")])
    assert state(journal) == ("FILLED", Decimal(10))
    assert len(journal.events(child.client_order_id)) == 2
    assert pool(ledger) == before


def test_a_fill_after_the_end_is_still_a_fill(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """I6: a fill that was under way when the order was cancelled is recorded and paid; the state stays."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "CANCELED"), report(child, "PARTIAL", "4@200+1")])
    assert state(journal) == ("CANCELED", Decimal(4))
    assert pool(ledger) == (Decimal(10_000 - 801), Decimal(0), Decimal(801))


def test_a_cancel_that_forgets_the_fills_keeps_them(write_plan: Write, journal: Journal) -> None:
    """A report that knows less than an earlier one does not take a fill away."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "PARTIAL", "4@200+1"), report(child, "CANCELED")])
    assert state(journal) == ("CANCELED", Decimal(4))


def test_an_overfill_is_recorded_as_such(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """F54: what was filled beyond the order is neither clipped nor hidden; free capital pays for it."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record([report(child, "FILLED", "12@200+1", leaves_quantity=Decimal(0))])
    assert state(journal) == ("FILLED", Decimal(12))
    assert pool(ledger) == (Decimal(10_000 - 2_401), Decimal(0), Decimal(2_401))


def test_an_unknown_order_keeps_its_hold(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """I10: as long as nobody knows, the money stays held; once the fill turns up, it is settled."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record_sending([child.client_order_id])
    journal.record([report(child, "UNKNOWN", text="no answer")])
    assert pool(ledger)[1] == 2_011
    journal.record([report(child, "FILLED", "10@200+1")])
    assert pool(ledger) == (Decimal(7_999), Decimal(0), Decimal(2_001))


@pytest.mark.parametrize("sending", [True, False])
def test_an_order_that_was_not_sent_gives_its_hold_back(
    write_plan: Write, journal: Journal, ledger: Ledger, sending: bool
) -> None:
    """Unsent money is free at once, and the order cannot be sent any more without a hold of its own."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    if sending:
        journal.record_sending([child.client_order_id])
    journal.record([report(child, "INTENT", text="not sent: no connection")])
    assert journal.children("plan-1").loc[0, ["status", "text"]].to_list() == ["INTENT", "not sent: no connection"]
    assert pool(ledger) == (Decimal(10_000), Decimal(0), Decimal(0))
    with pytest.raises(StoreError, match="it is not sent again"):
        journal.record_sending([child.client_order_id])


def test_being_not_sent_is_recorded_once(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """A report that tells nothing new changes nothing; another reason is new."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    told = report(child, "INTENT", text="not sent: no connection")
    journal.record([told])
    journal.record([told])
    assert len(journal.events(child.client_order_id)) == 2
    journal.record([replace(told, text="not sent: the deadline had passed")])
    assert len(journal.events(child.client_order_id)) == 3


def test_what_was_sent_is_what_moved_or_may_move(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """Not sent, and refused or ended without a fill: these were not; working, unknown and filled were."""
    ids = ("intent", "unsent", "refused", "working", "unknown", "filled", "partial")
    children = write_plan(*(route(name, "ibkr", "AAPL", "buy", "2", "201") for name in ids))
    sent = {child.order_id: child for child in children[1:]}
    journal.record_sending([child.client_order_id for child in sent.values()], NOW)
    journal.record([report(sent["unsent"], "INTENT", text="not sent"), report(sent["refused"], "REJECTED")])
    journal.record([report(sent["working"], "WORKING"), report(sent["unknown"], "UNKNOWN")])
    journal.record([report(sent["filled"], "FILLED", "2@200+1"), report(sent["partial"], "CANCELED", "1@200+1")])
    assert set(journal.sent_since(NOW)["order_id"]) == {"working", "unknown", "filled", "partial"}
    assert journal.sent_since(NOW + timedelta(seconds=1)).empty


def test_reports_are_recorded_together(write_plan: Write, journal: Journal, ledger: Ledger) -> None:
    """F07: fills, state and ledger change in one transaction, or none of them does."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    filled = report(child, "FILLED", "10@200+1")
    with pytest.raises(StoreError, match="no child order is recorded as absent"):
        journal.record([filled, replace(filled, client_order_id="absent")])
    assert state(journal) == ("INTENT", Decimal(0))
    assert pool(ledger)[1] == 2_011


def test_the_state_is_the_last_event(write_plan: Write, journal: Journal) -> None:
    """I15: what an order is now can be told from its events alone, each with its own time."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record_sending([child.client_order_id], at=NOW)
    journal.record([report(child, "WORKING", at=NOW + timedelta(seconds=1))])
    journal.record([report(child, "FILLED", "10@200+1", at=NOW + timedelta(seconds=2), broker_order_id="b-7")])
    events = journal.events(child.client_order_id)
    assert list(events["status"]) == ["INTENT", "SENDING", "WORKING", "FILLED"]
    assert events["at"].is_monotonic_increasing
    last, stored = events.iloc[-1], journal.children("plan-1").iloc[0]
    assert all(last[name] == stored[name] for name in ("status", "cum_quantity", "fee", "broker_order_id", "at"))


def test_a_store_that_is_opened_again_has_everything(
    write_plan: Write, journal: Journal, ledger: Ledger, database: Database
) -> None:
    """What was committed is there after a restart."""
    (child,) = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    journal.record_sending([child.client_order_id])
    database.close()
    assert state(journal) == ("SENDING", Decimal(0))
    assert pool(ledger)[1] == 2_011


def test_an_unknown_plan_is_an_error_of_the_input(journal: Journal) -> None:
    """Asking for a plan that does not exist is said, not answered with nothing."""
    with pytest.raises(ProblemError, match="no plan is recorded as 'plan-9'"):
        journal.plan("plan-9")
