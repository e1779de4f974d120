from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from brokers.connector import ChildOrder, ExecutionReport, OrderStatus
from brokers.errors import OutcomeUnknown, StoreError, Unavailable
from brokers.execution import IN_FLIGHT, children_of, execute
from brokers.simulated.connector import Latency, SimulatedConnector
from brokers.simulated.exchange import SimulatedExchange
from brokers.store import Journal, Ledger
from solver.domain import OrderType, Position, Side
from tests.unit.brokers.world import AT_ONCE, make_market, route

Write = Callable[..., list[ChildOrder]]
Market = dict[str, SimulatedExchange]
Connectors = dict[str, SimulatedConnector]


def everywhere() -> list[dict[str, Any]]:
    """One buy at each broker, and a sell."""
    return [
        route("o1", "ibkr", "AAPL", "buy", "10", "201"),
        route("o2", "alpaca", "BTC", "buy", "0.1", "60020"),
        route("o3", "crypto_com", "BTC", "buy", "0.2", "60020"),
        route("o4", "ibkr", "ASML", "sell", "5", "700"),
    ]


async def run(children: list[ChildOrder], connectors: Any, journal: Journal, **options: Any) -> pd.DataFrame:
    return await execute(children, connectors, journal, **{"deadline_seconds": 10, **options})


def held(ledger: Ledger) -> Decimal:
    return sum(ledger.capital()["held"], Decimal(0))


def statuses(reports: pd.DataFrame) -> dict[str, str]:
    return dict(zip(reports["order_id"], reports["status"], strict=True))


def test_a_child_carries_out_its_route() -> None:
    """A child order is its route in the words of the broker; the columns that do not concern it are ignored."""
    (child,) = children_of(pd.DataFrame([route("o1", "alpaca", "BTC", "buy", "0.1", "60020")]), "batch-1")
    assert (child.broker, child.account, child.broker_symbol) == ("alpaca", "PA1", "BTC/USD")
    assert (child.side, child.quantity, child.limit_price) == (Side.BUY, Decimal("0.1"), Decimal(60020))
    assert (child.order_id, child.sleeve, child.required_capital) == ("o1", "growth", Decimal(6002))


def test_a_market_order_with_a_bound_is_sent_as_a_limit_order() -> None:
    """The bound is what the hold was computed from, so the broker has to keep to it."""
    bounded = route("o1", "ibkr", "AAPL", "buy", "1", "201", order_type="market")
    bare = {**route("o2", "ibkr", "AAPL", "sell", "1", "201", order_type="market"), "limit_price": None}
    children = children_of(pd.DataFrame([bounded, bare]), "b")
    assert [child.order_type for child in children] == [OrderType.LIMIT, OrderType.MARKET]
    assert [child.limit_price for child in children] == [Decimal(201), None]


def test_a_batch_has_the_same_ids_every_time() -> None:
    """I16: ids come from batch, order and broker; several children of one order at one broker differ."""
    routes = pd.DataFrame([*everywhere(), route("o3", "crypto_com", "BTC", "buy", "0.1", "60020")])
    ids = [child.client_order_id for child in children_of(routes, "batch-1")]
    assert ids == [child.client_order_id for child in children_of(routes, "batch-1")]
    assert len(set(ids)) == 5
    assert not set(ids) & {child.client_order_id for child in children_of(routes, "batch-2")}


def test_no_routes_make_no_children() -> None:
    """A batch that is all backlog sends nothing."""
    assert children_of(pd.DataFrame(), "b") == []


async def test_a_batch_is_filled_and_the_ledger_agrees_with_every_broker(
    write_plan: Write, connectors: Connectors, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """Step 10: after the run each broker's own cash is what the ledger expects of it, but for sales."""
    reports = await run(write_plan(*everywhere()), connectors, journal)
    assert set(reports["status"]) == {OrderStatus.FILLED}
    assert held(ledger) == 0
    for exchange in market.values():
        difference = ledger.synchronise(exchange.balances()).set_index("currency")["difference"]
        assert difference["USD"] == 0
        if exchange.name == "ibkr":
            assert difference["EUR"] == 3_500 - 3
    assert len(journal.executions("plan-1")) == sum(
        len(order.executions) for exchange in market.values() for order in exchange.orders.values()
    )


async def test_every_step_is_recorded_before_the_next(write_plan: Write, market: Market, journal: Journal) -> None:
    """I3: when an order reaches the broker, its sending has been committed."""
    seen = []

    class Watching(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            seen.append(journal.events(child.client_order_id)["status"].to_list())
            return await super().submit(child)

    children = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    await run(children, {"ibkr": Watching(market["ibkr"], AT_ONCE)}, journal)
    assert seen == [["INTENT", "SENDING"]]
    assert journal.events(children[0].client_order_id)["status"].to_list() == ["INTENT", "SENDING", "FILLED"]


async def test_sells_are_answered_before_buys_are_sent(write_plan: Write, market: Market, journal: Journal) -> None:
    """The proceeds of a sale are there when the buys arrive, whatever the order of the file."""
    arrived = []

    class Watching(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            arrived.append(("sent", child.order_id))
            report = await super().submit(child)
            arrived.append(("answered", child.order_id))
            return report

    rows = [
        route("buy1", "ibkr", "AAPL", "buy", "1", "201"),
        route("sell", "ibkr", "ASML", "sell", "1", "700"),
        route("buy2", "ibkr", "AAPL", "buy", "1", "201"),
    ]
    await run(write_plan(*rows), {"ibkr": Watching(market["ibkr"])}, journal)
    assert arrived[:2] == [("sent", "sell"), ("answered", "sell")]
    assert {order for _, order in arrived[2:]} == {"buy1", "buy2"}


async def test_brokers_work_at_the_same_time(write_plan: Write, market: Market, journal: Journal) -> None:
    """The run takes as long as its slowest broker, not as long as all of them together."""
    slow = Latency(0.3, 0.3)
    children = write_plan(*everywhere()[:3])
    start = time.monotonic()
    await run(children, {name: SimulatedConnector(each, slow) for name, each in market.items()}, journal)
    assert time.monotonic() - start < 3 * 2 * 0.3


async def test_a_refusal_is_a_report_and_gives_the_hold_back(
    write_plan: Write, connectors: Connectors, journal: Journal, ledger: Ledger
) -> None:
    """F30: a refused child has the broker's words, its hold is free again, and the others are filled."""
    off_tick = route("o9", "ibkr", "AAPL", "buy", "1", "200.001")
    reports = await run(write_plan(*everywhere(), off_tick), connectors, journal)
    assert statuses(reports) == {**dict.fromkeys(["o1", "o2", "o3", "o4"], "FILLED"), "o9": "REJECTED"}
    assert "not a multiple of 0.01 [BAD_PRICE]" in reports.set_index("order_id").loc["o9", "text"]
    assert held(ledger) == 0


async def test_a_working_order_keeps_its_hold(
    write_plan: Write, connectors: Connectors, journal: Journal, ledger: Ledger, market: Market
) -> None:
    """What may still fill keeps its capital, and the broker's own figure excludes it as well."""
    reports = await run(write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "190")), connectors, journal)
    assert statuses(reports) == {"o1": "WORKING"}
    assert held(ledger) == 1_901
    found = ledger.synchronise(market["ibkr"].balances(), live=set(reports["client_order_id"]))
    assert set(found["difference"]) == {0}


async def test_a_partly_filled_order_settles_what_is_filled(
    journal: Journal, write_plan: Write, ledger: Ledger
) -> None:
    """A fill is paid from the hold, and the hold of the rest stays."""
    thin = make_market()["ibkr"]
    thin.fill_plan = type(thin.fill_plan)(share=Decimal("0.4"))
    children = write_plan(route("o1", "ibkr", "AAPL", "buy", "10", "201"))
    reports = await run(children, {"ibkr": SimulatedConnector(thin, AT_ONCE)}, journal)
    assert statuses(reports) == {"o1": "PARTIAL"}
    usd = ledger.capital().set_index(["broker", "currency"]).loc[("ibkr", "USD")]
    assert (usd.spent, usd.held) == (Decimal(801), Decimal(2_011 - 801))


async def test_a_broker_that_is_down_gets_nothing_and_holds_nothing(
    write_plan: Write, connectors: Connectors, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """Unavailable: its children stay intents and their money is free; the other brokers do not notice."""
    market["alpaca"].is_up = False
    reports = await run(write_plan(*everywhere()), connectors, journal)
    assert statuses(reports) == {"o1": "FILLED", "o2": "INTENT", "o3": "FILLED", "o4": "FILLED"}
    assert reports.set_index("order_id").loc["o2", "text"].startswith("not sent: the broker cannot be reached")
    assert not market["alpaca"].orders
    assert held(ledger) == 0


async def test_a_broker_without_a_connector_gets_nothing(
    write_plan: Write, connectors: Connectors, journal: Journal, ledger: Ledger
) -> None:
    """What nobody can send is not sent, and its money is free."""
    del connectors["crypto_com"]
    reports = await run(write_plan(*everywhere()), connectors, journal)
    assert statuses(reports)["o3"] == "INTENT"
    assert held(ledger) == 0


def _raising(error: BaseException, *, after: bool) -> type[SimulatedConnector]:
    class Raising(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            if after:
                await super().submit(child)
            raise error

    return Raising


@pytest.mark.parametrize(
    ("error", "after", "text"),
    [
        (OutcomeUnknown("alpaca", "the line broke"), True, "outcome unknown: the line broke"),
        (TimeoutError(), True, "outcome unknown: no answer"),
        (KeyError("surprise"), True, "outcome unknown: KeyError: 'surprise'"),
        (OSError("reset by peer"), False, "outcome unknown: OSError: reset by peer"),
    ],
)
async def test_what_nobody_knows_is_unknown_and_keeps_its_hold(
    write_plan: Write,
    connectors: Connectors,
    market: Market,
    journal: Journal,
    ledger: Ledger,
    error: Exception,
    after: bool,
    text: str,
) -> None:
    """F14, I10: no answer is no refusal; the child is UNKNOWN, its money stays held, and nobody else notices."""
    connectors["alpaca"] = _raising(error, after=after)(market["alpaca"], AT_ONCE)
    reports = await run(write_plan(*everywhere()), connectors, journal)
    assert statuses(reports) == {"o1": "FILLED", "o2": "UNKNOWN", "o3": "FILLED", "o4": "FILLED"}
    assert reports.set_index("order_id").loc["o2", "text"].startswith(text)
    assert held(ledger) == 6_002


async def test_an_answer_about_another_order_proves_nothing(
    write_plan: Write, market: Market, journal: Journal, connectors: Connectors
) -> None:
    """B97: a report with another id is not this order's."""

    class Confused(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            await super().submit(child)
            return next(iter(await self.open_orders()))

    connectors["ibkr"] = Confused(market["ibkr"], AT_ONCE)
    rows = [route("o1", "ibkr", "AAPL", "buy", "1", "190"), route("o2", "ibkr", "AAPL", "buy", "1", "191")]
    reports = await run(write_plan(*rows), connectors, journal)
    assert sorted(reports["status"]) == ["UNKNOWN", "WORKING"]


async def test_a_broker_that_hangs_is_given_up_at_the_deadline(
    write_plan: Write, connectors: Connectors, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """F18, I13: the others are done in time, what hangs is UNKNOWN, and what was not yet sent is not sent."""

    class Hanging(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            await asyncio.Event().wait()
            raise AssertionError

    connectors["crypto_com"] = Hanging(market["crypto_com"], AT_ONCE)
    many = [route(f"c{n}", "crypto_com", "CRO", "buy", "1", "0.2") for n in range(IN_FLIGHT + 2)]
    start = time.monotonic()
    reports = await run(write_plan(*everywhere()[:2], *many), connectors, journal, deadline_seconds=0.5)
    assert time.monotonic() - start < 5
    found = statuses(reports)
    assert (found["o1"], found["o2"]) == ("FILLED", "FILLED")
    assert [found[f"c{n}"] for n in range(IN_FLIGHT + 2)] == ["UNKNOWN"] * IN_FLIGHT + ["INTENT"] * 2
    assert held(ledger) == IN_FLIGHT * Decimal("0.2")


async def test_a_plan_is_executed_once(
    write_plan: Write, connectors: Connectors, market: Market, journal: Journal
) -> None:
    """F09: a second execution of the same children is refused before anything is sent."""
    children = write_plan(*everywhere())
    await run(children, connectors, journal)
    orders = {name: len(exchange.orders) for name, exchange in market.items()}
    with pytest.raises(StoreError, match="it is not sent again"):
        await run(children, connectors, journal)
    assert {name: len(exchange.orders) for name, exchange in market.items()} == orders


async def test_children_that_were_never_recorded_are_not_sent(
    connectors: Connectors, market: Market, journal: Journal
) -> None:
    """I3: without an intent and a hold nothing leaves."""
    children = children_of(pd.DataFrame(everywhere()), "batch-1")
    with pytest.raises(StoreError, match="no child order is recorded"):
        await run(children, connectors, journal)
    assert not any(exchange.orders for exchange in market.values())


async def test_every_report_is_told_once_it_is_recorded(
    write_plan: Write, connectors: Connectors, journal: Journal
) -> None:
    """An observer is told of every child, and what it is told stands in the journal already."""
    told: list[tuple[str, str]] = []

    def observe(report: ExecutionReport) -> None:
        told.append((report.status, journal.events(report.client_order_id)["status"].iloc[-1]))

    await run(write_plan(*everywhere()), connectors, journal, on_event=observe)
    assert told == [("FILLED", "FILLED")] * 4


async def test_a_broken_observer_stops_no_order(write_plan: Write, connectors: Connectors, journal: Journal) -> None:
    """F98: what a display raises is told to the event loop; the orders go on."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    def observe(report: ExecutionReport) -> None:
        raise BrokenPipeError

    reports = await run(write_plan(*everywhere()), connectors, journal, on_event=observe)
    assert set(reports["status"]) == {"FILLED"}
    assert [type(complaint["exception"]) for complaint in complaints] == [BrokenPipeError] * 4


async def test_many_orders_of_a_large_batch(
    write_plan: Write, connectors: Connectors, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """A batch of several rounds is sent completely, each order once, and the ledger agrees to the last digit."""
    market["crypto_com"].endow(Position("crypto_com", "main", "CRO", Decimal(10_000)))
    rows = [
        route(
            f"c{n}",
            "crypto_com",
            "CRO",
            "sell" if n % 3 == 0 else "buy",
            str(n + 1),
            "0.0950" if n % 3 == 0 else "0.11",
        )
        for n in range(100)
    ]
    reports = await run(write_plan(*rows), connectors, journal)
    assert set(reports["status"]) == {"FILLED"}
    assert len(market["crypto_com"].orders) == 100
    bought = [market["crypto_com"].orders[each] for each in reports.loc[reports["side"] == "buy", "client_order_id"]]
    spent = sum((order.cum_quantity * (order.average_price or 0) for order in bought), Decimal(0))
    usd = ledger.capital().set_index("broker").loc["crypto_com"]
    assert (usd.spent, usd.held) == (spent, Decimal(0))


async def test_nothing_to_send(journal: Journal, connectors: Connectors) -> None:
    """No children, no reports."""
    assert (await run([], connectors, journal)).empty


async def test_unavailable_after_sending_was_recorded_is_not_sent(
    write_plan: Write, market: Market, journal: Journal, connectors: Connectors
) -> None:
    """The journal keeps both: that sending began, and that provably nothing left."""
    connectors["alpaca"] = _raising(Unavailable("alpaca", "no route"), after=False)(market["alpaca"], AT_ONCE)
    children = write_plan(everywhere()[1])
    await run(children, connectors, journal)
    events = journal.events(children[0].client_order_id)
    assert events["status"].to_list() == ["INTENT", "SENDING", "INTENT"]
    assert events["text"].iloc[-1] == "not sent: no route"
