"""``multibroker run``, ``references`` and ``demo``: steps 8, 9 and 10 at simulated brokers."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers import profiles
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
    assert {each["status"] for each in reports} <= {"FILLED", "EXPIRED"}
    for pool in document["ledger"]:
        assert Decimal(pool["total"]) == sum(Decimal(pool[name]) for name in ("free", "held", "spent"))
    spent = sum(Decimal(pool["spent"]) for pool in document["ledger"])
    assert spent > 0


def test_the_simulated_session_ends_with_the_run(command: Command, day: list[object], home: Path) -> None:
    """What still works when the simulated brokers end has expired and holds no capital afterwards."""
    document = json.loads(command("run", *day, "--database", "d.sqlite3", "--json").out)
    database = Database(home / "d.sqlite3")
    children = Journal(database).children(document["plan_id"])
    ended = {each["order_id"] for each in document["executions"] if each["status"] == "EXPIRED"}
    assert ended
    assert set(children.loc[children["status"] == "EXPIRED", "order_id"]) == ended
    assert not Ledger(database).capital()["held"].astype(bool).any()
    assert not any(Decimal(pool["held"]) for pool in document["ledger"])


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


def test_two_batches_share_one_database(command: Command, home: Path) -> None:
    """Ids of executions and orders are those of their orders: a second day on the same database collides with none."""
    assert command("demo", "--database", "d.sqlite3").code == 0
    second = command("demo", "--day", "untuned", "--database", "d.sqlite3")
    assert (second.code, second.err) == (0, "")
    journal = Journal(Database(home / "d.sqlite3"))
    fills = [journal.executions(plan_id) for plan_id in journal.plans()["plan_id"]]
    assert len(fills) == 2
    assert all(len(each) for each in fills)


ORDERS = "order_id,symbol,side,quantity,sleeve,priority\n"
BALANCES = "broker,account,currency,cash,settled,reserve\n"


def test_mending_a_line_does_not_send_the_others_again(command: Command, home: Path) -> None:
    """Orders that another batch sent today are denied before a plan is stored, unless --again is given."""
    (home / "b.csv").write_text(BALANCES + "alpaca,PA1,USD,100000,,\n")
    (home / "o.csv").write_text(ORDERS + "A1,AAPL,buy,2,s,1\nA2,MSFT,buy,x,s,1\n")
    words = ["run", "o.csv", "--balances", "b.csv", "--database", "d.sqlite3"]
    assert command(*words, "--skip-invalid").code == 0
    (home / "o.csv").write_text(ORDERS + "A1,AAPL,buy,2,s,1\nA2,MSFT,buy,1,s,1\n")
    denied = command(*words)
    assert denied.code == 3
    assert denied.err.count("\n") == 1
    assert denied.err.startswith("A1: sent today in another batch")
    assert len(Journal(Database(home / "d.sqlite3")).plans()) == 1
    assert command(*words, "--again").code == 0
    assert command(*words, "--again").code == 3


@pytest.mark.parametrize(
    "pools",
    [
        "alpaca,PA1,USD,50000,850,\n",
        "alpaca,PA1,USD,50000,,49500\n",
        "alpaca,PA1,USD,50000,,\n",
        "ibkr,DU1,USD,50000,,\n",
    ],
    ids=["settled", "reserve", "neither", "missing pool"],
)
def test_plan_and_run_decide_the_same(command: Command, home: Path, pools: str) -> None:
    """The same files give the same decision, whatever an earlier run on the same database left there."""
    (home / "first.csv").write_text(BALANCES + "alpaca,PA1,USD,70000,60000,3000\ncrypto_com,main,USD,9000,,100\n")
    (home / "o1.csv").write_text(ORDERS + "B1,AAPL,buy,3,s,1\nB2,BTC,buy,0.01,s,1\n")
    assert command("run", "o1.csv", "--balances", "first.csv", "--database", "d.sqlite3").code == 0
    (home / "b.csv").write_text(BALANCES + pools)
    lines = [f"C{n},{symbol},buy,1,s,1\n" for n, symbol in enumerate(["AAPL", "MSFT", "NVDA", "META"])]
    (home / "o2.csv").write_text(ORDERS + "".join(lines) + "C9,BTC,buy,0.002,s,1\n")
    words = ["o2.csv", "--balances", "b.csv", "--database", "d.sqlite3", "--json"]
    planned, ran = (json.loads(command(name, *words).out) for name in ("plan", "run"))
    for name in ("plan_id", "routes", "backlog"):
        assert planned[name] == ran[name]
    assert planned["routes"]


def test_profiles_are_named_in_the_settings(command: Command, home: Path) -> None:
    """A copy of the shipped profiles, named in the settings, is what the brokers take and charge."""
    shipped = Path(profiles.__file__).with_name("profiles.toml").read_text()
    alpaca = shipped.index("[alpaca]")
    (home / "own.toml").write_text(shipped[:alpaca] + shipped[alpaca:].replace('"stock_us", "etf_us"', '"etf_us"'))
    (home / "desk.toml").write_text('[files]\nprofiles = "own.toml"\n')
    (home / "b.csv").write_text(BALANCES + "alpaca,PA1,USD,1000,,\n")
    (home / "o.csv").write_text(ORDERS + "A1,AAPL,buy,2,s,1\n")
    words = ["o.csv", "--balances", "b.csv", "--database", "d.sqlite3", "--json"]
    for name in ("plan", "run"):
        assert len(json.loads(command(name, *words).out)["routes"]) == 1
        # Another order: the same batch is not sent twice.
        (home / "o.csv").write_text(ORDERS + f"{name},AAPL,buy,2,s,1\n")
        said = command(name, *words, "--config", "desk.toml")
        assert (said.code, json.loads(said.out)["routes"]) == (0, [])
    (home / "desk.toml").write_text('[files]\nprofiles = "absent.toml"\n')
    absent = command("plan", *words, "--config", "desk.toml")
    assert absent.code == 2
    assert "absent.toml" in absent.err
