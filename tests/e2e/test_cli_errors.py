"""What goes wrong becomes a sentence and an exit code, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.errors import CapitalError, OutcomeUnknown, Rejected, Shortage, StoreError, Unavailable
from scenarios.app import commands
from solver import SolverError
from tests.e2e.conftest import BINDING, Command, Outcome

BALANCES = ["--balances", BINDING / "balances.csv"]
ROW = "order_id,symbol,side,quantity\na,AAPL,buy,1\n"


def is_clean(said: Outcome) -> bool:
    return "Traceback" not in said.err + said.out and said.out == ""


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("B01", "", "no orders: the file is empty"),
        ("B01", "order_id,symbol,side,quantity\n", "no orders"),
        ("B02", ROW.replace("quantity", "quantitiy"), "did you mean 'quantity'?"),
        ("B04", ROW.replace(",1\n", ",0\n"), "o.csv:2 [quantity]: must be greater than 0 (got '0')"),
        ("B12", ROW.replace("buy", "long"), "o.csv:2 [side]: "),
        ("B22", ROW.encode("utf-16"), "save it as UTF-8"),
        ("B25", ROW + '"b,AAPL\n', "o.csv:3"),
    ],
)
def test_bad_orders_end_with_2(command: Command, home: Path, name: str, content: str | bytes, words: str) -> None:
    """A bad order file ends with exit code 2 and a line that says where and what."""
    (home / "o.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    said = command("plan", "o.csv", *BALANCES)
    assert said.code == 2, name
    assert words in said.err
    assert is_clean(said)


def test_problems_of_all_files_are_told_at_once(command: Command, home: Path) -> None:
    """One look shows every problem of every file, each on one line."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity\na,AAPL,buy,-1\nb,KO,buy,1e400\n")
    (home / "b.csv").write_text("broker,account,currency,cash\nalpaca,A,USD,much\n")
    said = command("plan", "o.csv", "--balances", "b.csv", "--positions", "p.csv")
    assert [line.split(" [")[0] for line in said.err.splitlines()] == [
        "o.csv:2",
        "o.csv:3",
        "b.csv:2",
        "p.csv: there is no such file",
    ]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["plna"], "Did you mean 'plan'?"),
        (["plan", "o.csv", "--balanecs", "b.csv"], "--balances"),
        (["plan", "o.csv", "--method", "optmal"], "did you mean 'optimal'?"),
        (["demo", "--day", "bindings"], "did you mean 'binding'?"),
        (["references", "--broker", "alpca"], "did you mean 'alpaca'?"),
        (["plan", "o.csv"], "no balances: give --balances FILE"),
        (["plan", "o.csv", *BALANCES, "--dialect", "french"], "use plain, fr, tab"),
        (["plan", "o.csv", *BALANCES, "--seconds", "0"], "seconds: must be a number above 0"),
        (["plan", "o.csv", *BALANCES, "--gap", "nan"], "gap: must lie in 0 <= gap < 1"),
        (["plan", "o.csv", *BALANCES, "--config", "none.toml"], "none.toml: there is no such file"),
    ],
)
def test_a_wrong_command_ends_with_2_and_a_hint(command: Command, home: Path, words: list[object], hint: str) -> None:
    """A mistyped command, option or value ends with exit code 2 and names what was probably meant."""
    (home / "o.csv").write_text(ROW)
    said = command(*words)
    assert said.code == 2
    assert hint in said.err
    assert is_clean(said)


def test_a_secret_in_the_settings_is_refused_and_not_repeated(command: Command, home: Path) -> None:
    """A settings file with a secret is refused with the proper place, and the secret appears nowhere."""
    (home / "o.csv").write_text(ROW)
    (home / "c.toml").write_text('[alpaca]\nsecret_key = "CANARY"\n')
    said = command("plan", "o.csv", *BALANCES, "--config", "c.toml")
    assert said.code == 2
    assert "environment" in said.err
    assert "CANARY" not in said.err + said.out


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CapitalError([Shortage("ibkr", "U1", "USD", Decimal(10), Decimal(4))]), 3, "ibkr U1: 6 USD short"),
        (Rejected("alpaca", "market closed"), 5, "alpaca: market closed"),
        (OutcomeUnknown("alpaca", "no answer"), 6, "alpaca: no answer"),
        (Unavailable("ibkr", "no route to host"), 7, "ibkr: no route to host"),
        (StoreError("disk full"), 8, "disk full"),
        (SolverError("no solution"), 9, "this is a bug of multibroker"),
        (ZeroDivisionError("division by zero"), 9, "repeat the command with --debug"),
        (ExceptionGroup("two", [Unavailable("ibkr", "down"), Unavailable("alpaca", "away")]), 7, "ibkr: down\nalpaca"),
    ],
)
def test_every_kind_of_error_has_its_exit_code(
    command: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    """The exit code tells what the caller may do next; nobody meets a traceback."""

    def broken(_: object) -> int:
        raise error

    monkeypatch.setattr(commands, "play_demo", broken)
    said = command("demo")
    assert said.code == code
    assert words in said.err
    assert is_clean(said)


def test_debug_shows_where_an_error_came_from(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --debug, and only then, the traceback is shown; the exit code is the same."""

    def broken(_: object) -> int:
        raise KeyError("nowhere")

    monkeypatch.setattr(commands, "play_demo", broken)
    quiet, loud = command("demo"), command("demo", "--debug")
    assert (quiet.code, loud.code) == (9, 9)
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err
    assert "in broken" in loud.err


def test_an_interruption_ends_with_130(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the program with exit code 130 and one word."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "play_demo", interrupted)
    said = command("demo")
    assert said.code == 130
    assert said.err.split() == ["interrupted"]


def test_a_foreign_database_ends_with_8(command: Command, home: Path) -> None:
    """A file that is no database of ours is left alone: exit code 8."""
    (home / "x.sqlite3").write_text("not a database, and it must stay so")
    said = command("references", "--database", "x.sqlite3")
    assert said.code == 8
    assert is_clean(said)
    assert (home / "x.sqlite3").read_text() == "not a database, and it must stay so"


def test_a_reader_that_goes_away_causes_no_complaint(home: Path) -> None:
    """When the output is piped into a program that stops reading, nothing is said on standard error."""
    words = [sys.executable, "-m", "scenarios.app", "references", "--coins", "--database", str(home / "d.sqlite3")]
    folder = Path(__file__).parents[2]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 141


def test_help_is_quick() -> None:
    """A help page imports neither pandas nor OR-Tools."""
    program = (
        "import sys; sys.argv[1:] = ['plan', '--help']; from scenarios.app.cli import main; code = main(); "
        "sys.exit(code or ','.join({'pandas', 'numpy', 'ortools', 'sqlalchemy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--balances FILE" in done.stdout
