"""Ctrl-C from Python: nothing swallows it, and step 10 ends in order before it goes on."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from brokers.connector import ChildOrder, ExecutionReport
from brokers.simulated.connector import SimulatedConnector
from brokers.store import Journal, Ledger
from scenarios import routing
from scenarios.interruption import heeding
from scenarios.planning import plan
from scenarios.routing import Desk, Interrupted, decide, run
from solver import exact
from tests.signals import interrupt, when
from tests.unit.brokers.world import BALANCES, NOW, QUOTES, listings_frame, table
from tests.unit.scenarios.test_routing import ORDERS, exchange_of


async def _patient(interrupted: asyncio.Event) -> str:
    interrupt()
    await interrupted.wait()
    return "in order"


def test_a_step_is_told_of_the_first_interruption_and_awaited() -> None:
    """The first Ctrl-C sets the step's event, and what the step then returns comes back."""
    assert heeding(_patient) == ("in order", True)


def test_a_step_without_an_interruption_is_just_run() -> None:
    """What a step returns or raises is what its caller gets."""

    async def step(interrupted: asyncio.Event) -> bool:
        return interrupted.is_set()

    async def broken(interrupted: asyncio.Event) -> None:
        raise ZeroDivisionError

    assert heeding(step) == (False, False)
    with pytest.raises(ZeroDivisionError):
        heeding(broken)


async def test_a_step_runs_beside_a_running_event_loop() -> None:
    """In a notebook, whose thread has an event loop already and Python's own handler, it is the same."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert heeding(_patient) == ("in order", True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_second_interruption_waits_for_nothing() -> None:
    """A second Ctrl-C leaves at once, though the step would go on."""
    heard, released = threading.Event(), threading.Event()

    async def stubborn(interrupted: asyncio.Event) -> None:
        interrupt()
        await interrupted.wait()
        heard.set()
        await asyncio.to_thread(released.wait, 30)

    when(heard, interrupt)
    with pytest.raises(KeyboardInterrupt):
        heeding(stubborn)
    released.set()


Told = list[asyncio.Event]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The event by which step 10 is told of an interruption, once it has begun."""
    events: Told = []

    def seen(step: Callable[[asyncio.Event], Coroutine[Any, Any, Any]]) -> tuple[Any, bool]:
        async def begun(interrupted: asyncio.Event) -> Any:
            events.append(interrupted)
            return await step(interrupted)

        return heeding(begun)

    monkeypatch.setattr(routing, "heeding", seen)
    return events


def only(connector: SimulatedConnector, desk: Desk) -> Desk:
    return replace(desk, connectors={connector.name: connector})


def test_an_interrupted_run_tells_what_became_of_it(desk: Desk, told: Told) -> None:
    """Ctrl-C in step 10 comes out of it as a KeyboardInterrupt, with the reports and the ledger as they are."""

    class Interrupting(SimulatedConnector):
        async def submit(self, child: ChildOrder) -> ExecutionReport:
            interrupt()
            await told[0].wait()
            return await super().submit(child)

    decided = decide(desk, ORDERS)
    with pytest.raises(Interrupted) as caught:
        run(only(Interrupting(exchange_of(desk, "crypto_com").exchange), desk), decided)
    assert isinstance(caught.value, KeyboardInterrupt)
    reports = caught.value.outcome.reports.set_index("order_id")
    assert reports["status"].to_dict() == {"A": "INTENT", "B": "FILLED"}
    assert not caught.value.outcome.capital["held"].astype(bool).any()


def test_an_interruption_before_the_plan_is_stored_stores_nothing(desk: Desk, told: Told) -> None:
    """Ctrl-C while the connections are opened: nothing is sent, and the plan may be sent later."""

    class Opening(SimulatedConnector):
        async def __aenter__(self) -> Opening:
            interrupt()
            await told[0].wait()
            return self

    decided = decide(desk, ORDERS)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(only(Opening(exchange_of(desk, "crypto_com").exchange), desk), decided)
    assert not isinstance(caught.value, Interrupted)
    assert Journal(desk.database).plans().empty
    assert "hold" not in set(Ledger(desk.database).entries()["kind"])
    assert run(desk, decided).reports["status"].to_list() == ["FILLED", "FILLED"]


def test_an_interrupted_decision_is_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in `plan` is a KeyboardInterrupt, and not a plan that was cut short."""
    look = exact.by_inspection

    def interrupted(*arguments: Any, **named: Any) -> Any:
        interrupt()
        return look(*arguments, **named)

    monkeypatch.setattr(exact, "by_inspection", interrupted)
    quotes = table("symbol,mic,currency,bid,ask", QUOTES).assign(as_of=NOW.isoformat())
    orders = table("order_id,symbol,side,quantity,sleeve,priority", "A,CRO,buy,150000,s,1 B,CRO,buy,100000,s,1")
    with pytest.raises(KeyboardInterrupt):
        plan(orders, listings_frame(), table("broker,account,currency,cash", BALANCES), quotes=quotes)
