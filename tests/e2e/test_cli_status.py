"""``multibroker status``: what is open in a database."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from brokers.connector import ExecutionReport, OrderStatus
from brokers.execution import children_of
from brokers.store import Database, Journal, Ledger
from tests.e2e.conftest import Command
from tests.unit.brokers.world import NOW, make_market, route


def test_without_a_database_nothing_is_open_and_none_is_made(command: Command, home: Path) -> None:
    """Status says in one sentence that there is no database, and makes none, not even its folder."""
    for words in (["status"], ["status", "--database", "no/d.sqlite3"]):
        said = command(*words)
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith(" SIMULATED\n\nNothing is open: there is no database at ")
        assert said.out.count("\n") == 3
    assert json.loads(command("status", "--json").out)["open"] == []
    assert list(home.iterdir()) == []


def test_after_a_run_nothing_is_open(command: Command, day: list[object]) -> None:
    """A run that ended leaves no open order, and status says so in one sentence."""
    assert command("run", *day, "--database", "d.sqlite3").code == 0
    said = command("status", "--database", "d.sqlite3")
    assert said.code == 0
    assert said.out == " SIMULATED\n\nNothing is open: every child order in d.sqlite3 is final.\n"


@pytest.fixture
def intents(home: Path) -> Journal:
    """A database with a plan of which nothing was sent."""
    store = Database(home / "d.sqlite3")
    for exchange in make_market().values():
        Ledger(store).synchronise(exchange.balances())
    routes = pd.DataFrame(
        [route("o1", "ibkr", "AAPL", "buy", "10", "201"), route("o2", "alpaca", "BTC", "buy", "0.1", "60020")]
    )
    children = children_of(routes, "batch-1")
    journal = Journal(store)
    journal.write_plan("plan-1", batch="batch-1", routes=routes, backlog=pd.DataFrame(), children=children, at=NOW)
    return journal


def test_what_was_not_sent_is_shown_with_its_hold(command: Command, intents: Journal) -> None:
    """An intent is open, by broker, with its hold and since when; nobody doubts what became of it: exit code 0."""
    said = command("status", "--database", "d.sqlite3")
    assert said.code == 0
    assert said.out == (
        " SIMULATED\n"
        "\n"
        "Open: 2 child orders at 2 brokers\n"
        "broker  order  side  quantity  symbol  status  filled      held       since (UTC)\n"
        "alpaca  o2     buy        0.1  BTC     INTENT       0  6,002.00  USD  2026-11-23 15:00:00\n"
        "ibkr    o1     buy         10  AAPL    INTENT       0  2,011.00  USD  2026-11-23 15:00:00\n"
    )


@pytest.mark.parametrize("status", [OrderStatus.SENDING, OrderStatus.UNKNOWN])
def test_an_order_that_nobody_can_account_for_ends_with_6(
    command: Command, intents: Journal, status: OrderStatus
) -> None:
    """SENDING or UNKNOWN makes exit code 6, on the screen and in the document."""
    coid = intents.children("plan-1").set_index("order_id").at["o1", "client_order_id"]
    intents.record_sending([coid])
    if status is OrderStatus.UNKNOWN:
        answer = ExecutionReport(
            client_order_id=coid,
            broker="ibkr",
            status=status,
            cum_quantity=Decimal(0),
            leaves_quantity=Decimal(10),
            text="outcome unknown: the line broke",
            at=NOW,
        )
        intents.record([answer])
    said = command("status", "--database", "d.sqlite3")
    assert said.code == 6
    assert f" {status} " in said.out
    assert ("the line broke" in said.out) == (status is OrderStatus.UNKNOWN)
    document = command("status", "--database", "d.sqlite3", "--json")
    assert document.code == 6
    found = json.loads(document.out)
    assert (found["mode"], found["database"]) == ("SIMULATED", "d.sqlite3")
    assert {row["order_id"]: row["status"] for row in found["open"]} == {"o1": status, "o2": "INTENT"}
    assert {row["order_id"]: row["held"] for row in found["open"]} == {"o1": "2011", "o2": "6002"}


def test_the_database_may_be_named_in_the_settings(command: Command, home: Path, intents: Journal) -> None:
    """Status looks where the settings of the runs say."""
    (home / "desk.toml").write_text('database = "d.sqlite3"\n')
    assert command("status", "--config", "desk.toml").out.count("INTENT") == 2


def test_a_file_that_is_no_database_ends_with_8(command: Command, home: Path) -> None:
    """What cannot be read is told in a sentence."""
    (home / "d.sqlite3").write_text("not a database, and long enough to be looked at" * 20)
    said = command("status", "--database", "d.sqlite3")
    assert (said.code, said.out) == (8, "")
    assert said.err.count("\n") == 1
