"""``multibroker run``, ``references`` and ``demo``: steps 8, 9 and 10 at simulated brokers."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.store import Database, Journal, Ledger
from tests.e2e.conftest import BINDING, Command


@pytest.mark.parametrize("day", ["binding", "untuned"])
def test_the_demo_fits_25_lines(process: Command, day: str) -> None:
    """The whole process on a shipped day is one small screen: step 8, the plan, step 10."""
    said = process("demo", "--day", day)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("Step 8   references: ")
    assert lines[1].startswith(" SIMULATED ")
    assert lines[-1].startswith("Step 10  ")
    assert "\x1b" not in said.out


def test_the_demo_leaves_nothing_behind(command: Command, home: Path) -> None:
    """Without --database the demo's database is gone afterwards."""
    assert command("demo").code == 0
    assert list(home.iterdir()) == []


def test_details_follow_the_first_screen(command: Command) -> None:
    """With --details every order appears with its route or reasons, and every child order with its report."""
    said = command("demo", "--details").out
    with (BINDING / "orders.csv").open() as file:
        ids = [row["order_id"] for row in csv.DictReader(file)]
    matrix = said.split("Why, and why not\n")[1].split("\n\n")[0]
    assert [line.split()[0] for line in matrix.splitlines()[1:]] == ids
    routed = re.search(r"This plan +(\d+) of", said)
    assert routed is not None
    assert f"Executions: {routed[1]} child orders" in said
    assert "\nLedger\n" in said


def test_a_run_executes_every_route_and_settles_its_capital(command: Command, day: list[object], home: Path) -> None:
    """Every route has one report, and the ledger's total is free, held and spent, exactly."""
    said = command("run", *day, "--database", "d.sqlite3", "--json")
    assert said.code == 0, said.err
    document: dict[str, Any] = json.loads(said.out)
    assert document["mode"] == "SIMULATED"
    reports = document["executions"]
    assert [each["order_id"] for each in reports] == [each["order_id"] for each in document["routes"]]
    assert {each["status"] for each in reports} <= {"FILLED", "WORKING"}
    for pool in document["ledger"]:
        assert Decimal(pool["total"]) == sum(Decimal(pool[name]) for name in ("free", "held", "spent"))
    spent = sum(Decimal(pool["spent"]) for pool in document["ledger"])
    assert spent > 0


def test_the_simulated_session_ends_with_the_run(command: Command, day: list[object], home: Path) -> None:
    """What still works when the simulated brokers end has expired and holds no capital afterwards."""
    document = json.loads(command("run", *day, "--database", "d.sqlite3", "--json").out)
    database = Database(home / "d.sqlite3")
    children = Journal(database).children(document["plan_id"])
    working = {each["order_id"] for each in document["executions"] if each["status"] == "WORKING"}
    assert working
    assert set(children.loc[children["status"] == "EXPIRED", "order_id"]) == working
    assert not Ledger(database).capital()["held"].astype(bool).any()


def test_a_batch_is_never_sent_twice(command: Command, day: list[object], home: Path) -> None:
    """The same batch on the same database is denied with exit code 3, and the ledger stays as it was."""
    words = ["run", *day, "--database", "d.sqlite3"]
    assert command(*words).code == 0
    before = Ledger(Database(home / "d.sqlite3")).entries()
    again = command(*words)
    assert again.code == 3
    assert "was sent before" in again.err
    after = Ledger(Database(home / "d.sqlite3")).entries()
    assert (after["kind"] == "settle").sum() == (before["kind"] == "settle").sum()


def test_a_run_shows_plan_executions_and_ledger(command: Command, day: list[object]) -> None:
    """The screen of a run begins as that of a plan and ends with the ledger; its mode stands on top."""
    said = command("run", *day, "--executions")
    assert said.code == 0
    assert said.out.splitlines()[1].startswith(" SIMULATED ")
    for words in ("Step 10  ", "\nExecutions: ", "\nLedger\n"):
        assert words in said.out


def test_references_count_what_each_broker_lists(command: Command, home: Path) -> None:
    """The summary counts the listings of the shipped table, broker by broker, and the mode stands on top."""
    with (BINDING.parent / "listings.csv").open() as file:
        rows = [row["broker"] for row in csv.DictReader(file)]
    said = command("references")
    assert said.code == 0
    assert said.out.startswith(" SIMULATED")
    for broker in set(rows):
        assert re.search(rf"^{broker} +{rows.count(broker)} ", said.out, re.MULTILINE)


def test_coins_are_sorted_by_where_they_trade(command: Command, home: Path) -> None:
    """Every coin of the catalogue is at both brokers or only at one of them."""
    with (BINDING.parent / "listings.csv").open() as file:
        at: dict[str, set[str]] = {}
        for row in csv.DictReader(file):
            if row["asset_type"] == "crypto" and row["tradable"] == "true":
                at.setdefault(row["symbol"], set()).add(row["broker"])
    table = command("references", "--coins").out.split("\nCoins: ")[1]
    shown = {line.split()[0]: line.split("  ")[1:] for line in table.splitlines()[2:]}
    assert set(shown) >= set(at)
    for coin, brokers in at.items():
        words = " ".join(shown[coin])
        assert ("both" in words) == (brokers == {"alpaca", "crypto_com"})
        assert ("only alpaca" in words) == (brokers == {"alpaca"})


def test_one_broker_can_be_refreshed_alone(command: Command, home: Path) -> None:
    """With --broker only that broker is asked."""
    said = command("references", "--broker", "alpaca")
    assert re.search(r"^alpaca ", said.out, re.MULTILINE)
    assert not re.search(r"^(ibkr|crypto_com) ", said.out, re.MULTILINE)
