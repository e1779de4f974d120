"""What an interruption of step 10 leaves: nothing more is sent, and every order and hold is as it must be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from brokers import execution
from brokers.connector import ChildOrder, ExecutionReport
from brokers.execution import IN_FLIGHT, execute
from brokers.simulated.connector import SimulatedConnector
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.fills import FillPlan
from brokers.store import Journal, Ledger
from tests.unit.brokers.world import AT_ONCE, make_market, route

Write = Callable[..., list[ChildOrder]]
Market = dict[str, SimulatedExchange]

MORE = 5


def many() -> list[dict[str, Any]]:
    """More orders than are with a broker at the same time."""
    return [route(f"c{n}", "crypto_com", "CRO", "buy", "1", "0.2") for n in range(IN_FLIGHT + MORE)]


class Moment:
    """The moment of the interruption: when so many orders have arrived at the brokers."""

    def __init__(self, at: int = IN_FLIGHT) -> None:
        self.interrupted = asyncio.Event()
        self.arrived: list[str] = []
        self._at = at

    def arrive(self, order_id: str) -> None:
        self.arrived.append(order_id)
        if len(self.arrived) == self._at:
            self.interrupted.set()


class Waiting(SimulatedConnector):
    """Answers once the interruption has come, or never."""

    def __init__(self, exchange: SimulatedExchange, moment: Moment, *, answers: bool = True) -> None:
        super().__init__(exchange, AT_ONCE)
        self._moment = moment
        self._answers = answers

    async def submit(self, child: ChildOrder) -> ExecutionReport:
        self._moment.arrive(child.order_id)
        await (self._moment.interrupted if self._answers else asyncio.Event()).wait()
        return await super().submit(child)


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "GRACE_SECONDS", 0.3)


async def run(
    children: list[ChildOrder], moment: Moment, journal: Journal, *connectors: Waiting, deadline_seconds: float = 30
) -> pd.DataFrame:
    reports = await execute(
        children,
        {each.name: each for each in connectors},
        journal,
        deadline_seconds=deadline_seconds,
        interrupted=moment.interrupted,
    )
    return reports.set_index("order_id")


def held(ledger: Ledger) -> Decimal:
    return sum(ledger.capital()["held"], Decimal(0))


async def test_what_was_not_sent_is_denied_and_holds_nothing(
    write_plan: Write, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """After an interruption no order arrives at a broker; what was not sent ends as denied, what was sent is filled."""
    moment = Moment()
    reports = await run(write_plan(*many()), moment, journal, Waiting(market["crypto_com"], moment))
    assert reports["status"].to_list() == ["FILLED"] * IN_FLIGHT + ["DENIED"] * MORE
    assert len(moment.arrived) == len(market["crypto_com"].orders) == IN_FLIGHT
    denied = reports[reports["status"] == "DENIED"]
    assert set(denied["text"]) == {"interrupted before it was sent"}
    for each in denied["client_order_id"]:
        assert journal.events(each)["status"].to_list() == ["INTENT", "DENIED"]
        assert ledger.entries(each)["kind"].to_list() == ["hold", "release"]
    assert held(ledger) == 0


async def test_sells_in_flight_are_answered_and_the_buys_after_them_are_not_sent(
    write_plan: Write, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """Buys that wait for their account's sells are not sent after an interruption either."""
    moment = Moment(at=1)
    rows = [route("sell", "ibkr", "ASML", "sell", "1", "700"), route("buy", "ibkr", "AAPL", "buy", "1", "201")]
    reports = await run(write_plan(*rows), moment, journal, Waiting(market["ibkr"], moment))
    assert reports["status"].to_dict() == {"sell": "FILLED", "buy": "DENIED"}
    assert held(ledger) == 0


async def test_what_is_not_answered_soon_is_unknown_and_keeps_its_hold(
    write_plan: Write, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """I10: an interruption waits for answers a short time, however far the deadline is."""
    moment, begin = Moment(), time.monotonic()
    reports = await run(write_plan(*many()), moment, journal, Waiting(market["crypto_com"], moment, answers=False))
    assert time.monotonic() - begin < 10
    assert reports["status"].to_list() == ["UNKNOWN"] * IN_FLIGHT + ["DENIED"] * MORE
    assert set(reports["text"][:IN_FLIGHT]) == {"outcome unknown: interrupted, and no answer soon after"}
    assert held(ledger) == IN_FLIGHT * Decimal("0.2")


async def test_an_interruption_never_gives_more_time(
    write_plan: Write, market: Market, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I13: the deadline of the run holds after an interruption as before."""
    monkeypatch.setattr(execution, "GRACE_SECONDS", 60)
    moment, begin = Moment(), time.monotonic()
    silent = Waiting(market["crypto_com"], moment, answers=False)
    await run(write_plan(*many()), moment, journal, silent, deadline_seconds=0.3)
    assert time.monotonic() - begin < 10


async def test_every_broker_is_interrupted(write_plan: Write, market: Market, journal: Journal, ledger: Ledger) -> None:
    """An interruption is one of the whole run: what another broker is slow to answer has its last time too."""
    moment = Moment(at=IN_FLIGHT + 1)
    children = write_plan(*many(), route("slow", "ibkr", "AAPL", "buy", "1", "201"))
    connectors = Waiting(market["crypto_com"], moment), Waiting(market["ibkr"], moment, answers=False)
    reports = await run(children, moment, journal, *connectors)
    assert reports["status"].to_list() == ["FILLED"] * IN_FLIGHT + ["DENIED"] * MORE + ["UNKNOWN"]
    assert held(ledger) == 202


async def test_an_interruption_beforehand_sends_nothing(
    write_plan: Write, market: Market, journal: Journal, ledger: Ledger
) -> None:
    """A run that is interrupted before it begins ends every order as denied."""
    moment = Moment()
    moment.interrupted.set()
    reports = await run(write_plan(*many()), moment, journal, Waiting(market["crypto_com"], moment))
    assert set(reports["status"]) == {"DENIED"}
    assert not moment.arrived
    assert held(ledger) == 0


async def test_what_works_or_is_partly_filled_stays_so(journal: Journal, write_plan: Write, ledger: Ledger) -> None:
    """An answer that comes after the interruption is recorded as it is, with its fills and the hold of the rest."""
    thin = make_market(FillPlan(share=Decimal("0.5")))["crypto_com"]
    moment = Moment()
    rows = [route(f"c{n}", "crypto_com", "CRO", "buy", "2", "0.2") for n in range(IN_FLIGHT + MORE)]
    reports = await run(write_plan(*rows), moment, journal, Waiting(thin, moment))
    assert reports["status"].to_list() == ["PARTIAL"] * IN_FLIGHT + ["DENIED"] * MORE
    pool = ledger.capital().set_index("broker").loc["crypto_com"]
    assert (pool.held, pool.spent) == (IN_FLIGHT * Decimal("0.2999"), IN_FLIGHT * Decimal("0.1001"))


async def test_a_send_that_was_recorded_but_not_begun_is_denied(
    write_plan: Write, market: Market, journal: Journal, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted between the record of the sending and the sending itself, nothing leaves: provably not sent."""
    moment = Moment()
    loop, record = asyncio.get_running_loop(), journal.record_sending

    def recording(ids: list[str]) -> None:
        record(ids)
        loop.call_soon_threadsafe(moment.interrupted.set)

    monkeypatch.setattr(journal, "record_sending", recording)
    children = write_plan(*many())
    await run(children, moment, journal, Waiting(market["crypto_com"], moment))
    assert not moment.arrived
    assert journal.events(children[0].client_order_id)["status"].to_list() == ["INTENT", "SENDING", "DENIED"]
    assert held(ledger) == 0
