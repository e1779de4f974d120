"""Ctrl-C and SIGTERM: real processes, real signals, sent when the process tells what it is doing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brokers.store import Database, Journal, Ledger
from tests.e2e.conftest import Command, Outcome

ANNOUNCING = Path(__file__).with_name("announcing.py")
PROMPT = 5.0
"""Seconds in which an interrupted process is gone, on a busy machine too; what is decided here takes far longer."""


class Announced:
    """A process that announces what it begins; see `announcing.py`."""

    def __init__(self, arguments: tuple[object, ...], *, waiting: bool) -> None:
        announced, announce = os.pipe()
        allowed, self._allow = os.pipe()
        environment = {**os.environ, "PYTHONPATH": str(ANNOUNCING.parents[2]), "ANNOUNCE": str(announce)}
        self._process = subprocess.Popen(
            [sys.executable, ANNOUNCING, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(announce, allowed),
            env={**environment, "ALLOW": str(allowed)} if waiting else environment,
        )
        os.close(announce)
        os.close(allowed)
        self._announcements = os.fdopen(announced)
        self.told: list[str] = []

    def wait_for(self, word: str, times: int = 1) -> None:
        """Wait until something has been announced so many times."""
        while sum(line.startswith(word) for line in self.told) < times:
            line = self._announcements.readline()
            assert line, f"it ended before: {self._process.communicate()}"
            self.told.append(line.strip())

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def allow(self) -> None:
        """Let the brokers answer."""
        os.close(self._allow)
        self._allow = -1

    def end(self) -> Outcome:
        """Return what it said and how it ended."""
        out, err = self._process.communicate(timeout=60)
        self.told += [line.strip() for line in self._announcements]
        return Outcome(self._process.returncode, out.decode(), err.decode())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._announcements.close()
        if self._allow >= 0:
            os.close(self._allow)


Start = Callable[..., Announced]


@pytest.fixture
def start(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the command line as a process that announces what it begins."""
    monkeypatch.setenv("TMPDIR", str(home / "tmp"))
    (home / "tmp").mkdir()
    begun: list[Announced] = []

    def run(*arguments: object, waiting: bool = False) -> Announced:
        begun.append(Announced(arguments, waiting=waiting))
        return begun[-1]

    yield run
    for each in begun:
        each.close()


def hard_document(n_orders: int = 600) -> dict[str, Any]:
    """Return a document that takes minutes to decide: tight pools, and needs that nearly follow the scores."""
    rng = np.random.default_rng(5)
    needs = (rng.lognormal(10, 1.5, n_orders) * 100).astype(int) + 1
    pools = [{"id": f"{name}:USD", "capacity": str(int(needs.sum() * 0.7 / 3))} for name in "abc"]
    orders = []
    for at, need in enumerate(needs.tolist()):
        arcs = [
            {
                "broker": name,
                "pool": f"{name}:USD",
                "need": str(need + int(rng.integers(1000))),
                "score": need * int(rng.choice([1, 2, 4])) * (100 - rank) // 100,
            }
            for rank, name in enumerate(rng.permutation(list("abc")).tolist())
        ]
        orders.append({"id": f"o{at}", "arcs": arcs})
    return {"version": 1, "pools": pools, "orders": orders, "limits": {"seconds": 120, "gap": 0}}


@pytest.mark.parametrize(("method", "back_end"), [("optimal", "cp_sat"), ("mip", "mathopt")])
def test_an_interruption_ends_a_long_search(start: Start, home: Path, method: str, back_end: str) -> None:
    """Ctrl-C while a back-end searches ends the command at once with 130 and one line, and nothing is written."""
    (home / "p.json").write_text(json.dumps(hard_document()))
    command = start("solve", "p.json", "--method", method, "-o", "answer.json")
    command.wait_for(f"search {back_end}")
    begin = time.monotonic()
    command.send(signal.SIGINT)
    assert command.end() == Outcome(130, "", "interrupted\n")
    assert time.monotonic() - begin < PROMPT
    assert not (home / "answer.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["plan", "run", "demo"])
def test_an_interruption_while_deciding_sends_nothing(
    start: Start, home: Path, day: list[object], name: str, number: signal.Signals
) -> None:
    """Ctrl-C or SIGTERM while deciding ends with 130 and one line; nothing is sent, no plan is stored or shown."""
    arguments = [] if name == "demo" else [*day, "--database", "d.sqlite3", "--seconds", "120"]
    command = start(name, *arguments)
    command.wait_for("search")
    command.send(number)
    said = command.end()
    assert (said.code, said.err) == (130, "interrupted\n")
    assert [line.split()[0] for line in said.out.splitlines()] == ([] if name == "plan" else ["Step"])
    assert not any(line.startswith("submit") for line in command.told)
    assert list((home / "tmp").iterdir()) == []
    if name == "run":
        store = Database(home / "d.sqlite3")
        assert Journal(store).plans().empty
        assert "hold" not in set(Ledger(store).entries()["kind"])


EACH = 20
"""Orders at each of two brokers: some more than are with one broker at the same time."""
IN_FLIGHT = 16


@pytest.fixture
def sending(start: Start, home: Path) -> Announced:
    """A run of buys at two brokers, at the moment when neither has answered any of the first it was sent."""
    rows = [f"S{n},AAPL,buy,{n}\nC{n},BTC,buy,0.{n:03d}\n" for n in range(1, EACH + 1)]
    (home / "o.csv").write_text("order_id,symbol,side,quantity\n" + "".join(rows))
    (home / "b.csv").write_text("broker,account,currency,cash\nalpaca,PA1,USD,900000\ncrypto_com,main,USD,900000\n")
    command = start("run", "o.csv", "--balances", "b.csv", "--database", "d.sqlite3", waiting=True)
    command.wait_for("submit", times=2 * IN_FLIGHT)
    return command


def submitted(command: Announced) -> set[str]:
    return {line.removeprefix("submit ") for line in command.told if line.startswith("submit ")}


def children_in(store: Database) -> Any:
    (plan_id,) = Journal(store).plans()["plan_id"]
    return Journal(store).children(plan_id).set_index("client_order_id")


def held_in(store: Database) -> Decimal:
    return sum(Ledger(store).capital()["held"], Decimal(0))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_sending_sends_no_more(
    sending: Announced, command: Command, home: Path, number: signal.Signals
) -> None:
    """What was sent is answered and recorded, what was not is denied and holds nothing, and the summary says so."""
    sending.send(number)
    sending.allow()
    said = sending.end()
    assert said.code == 130
    assert said.err.splitlines()[-1] == "interrupted"
    store = Database(home / "d.sqlite3")
    children = children_in(store)
    denied = children[children["status"] == "DENIED"]
    assert len(denied)
    assert set(denied["text"]) == {"interrupted before it was sent"}
    assert set(children.index) - set(denied.index) == submitted(sending)
    assert set(children.loc[list(submitted(sending)), "status"]) == {"FILLED"}
    (line,) = [line for line in said.out.splitlines() if line.startswith("Step 10")]
    assert f"{len(submitted(sending))} filled, {len(denied)} denied, interrupted" in line
    assert held_in(store) == 0
    assert command("status", "--database", "d.sqlite3").code == 0


def test_an_interruption_leaves_what_nobody_answered_unknown(sending: Announced, command: Command, home: Path) -> None:
    """F95: what is not answered soon after Ctrl-C is UNKNOWN and keeps its hold: exit code 6, and status shows it."""
    sending.send(signal.SIGINT)
    said = sending.end()
    assert said.code == 6
    store = Database(home / "d.sqlite3")
    children = children_in(store)
    unknown = children[children["status"] == "UNKNOWN"]
    assert set(unknown.index) == submitted(sending)
    assert set(children["status"]) == {"UNKNOWN", "DENIED"}
    assert held_in(store) == sum(unknown["required_capital"], Decimal(0)) > 0
    status = command("status", "--database", "d.sqlite3", "--json")
    assert status.code == 6
    assert {row["client_order_id"] for row in json.loads(status.out)["open"]} == set(unknown.index)


def test_what_a_kill_left_behind_is_open(sending: Announced, command: Command, home: Path) -> None:
    """F12: after kill -9 status tells what was being sent and what was not, each with its hold: exit code 6."""
    sending.send(signal.SIGKILL)
    sending.end()
    status = command("status", "--database", "d.sqlite3")
    assert status.code == 6
    assert status.out.startswith(" SIMULATED\n\nOpen: 40 child orders at 2 brokers\n")
    for word, count in {"SENDING": 2 * IN_FLIGHT, "INTENT": 2 * (EACH - IN_FLIGHT)}.items():
        assert status.out.count(f" {word} ") == count
    found = json.loads(command("status", "--database", "d.sqlite3", "--json").out)["open"]
    assert [row["broker"] for row in found] == ["alpaca"] * EACH + ["crypto_com"] * EACH
    assert {row["client_order_id"] for row in found if row["status"] == "SENDING"} == submitted(sending)
    assert all(Decimal(row["held"]) > 0 for row in found)
    assert sum(Decimal(row["held"]) for row in found) == held_in(Database(home / "d.sqlite3"))
