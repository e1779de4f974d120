"""Where a problem is: the line of the file, even where only the other tables show that there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.e2e.conftest import BINDING, Command

BALANCES = ["--balances", BINDING / "balances.csv"]
ROW = "order_id,symbol,side,quantity\na,MSFT,buy,1\n"
KNOWN = "unknown broker; known: alpaca, crypto_com, ibkr"
LISTING_HEADER = (BINDING.parent / "listings.csv").read_text().splitlines()[0].removesuffix(",isin,name")
TWIN = "ibkr,TWIN,stock_us,{mic},USD,TWIN {mic},1,1,0,,0.01,false,true,true\n"
MSFT = "alpaca,MSFT,stock_us,XNAS,USD,MSFT,0.001,0.001,1,,0.01,true,true,true\n"
LISTINGS = f"{LISTING_HEADER}\n{MSFT}{TWIN.format(mic='XNAS')}{TWIN.format(mic='XNYS')}"


@pytest.mark.parametrize("command_name", ["plan", "capital", "run"])
def test_an_unknown_broker_is_told_with_its_line_in_every_file(command: Command, home: Path, command_name: str) -> None:
    """All files are looked through for brokers, and blank lines and quoted line breaks are counted as lines."""
    (home / "o.csv").write_text(
        'order_id,sleeve,symbol,side,quantity,pin,forbid\n\n"a","x",MSFT,buy,1,ibrk,alpaca|ib\n'
    )
    (home / "b.csv").write_text("broker,account,currency,cash\nalpaca,A,USD,1\n\n\nalpca,A,USD,1\n")
    (home / "p.csv").write_text("broker,account,symbol,quantity\nkraken,A,BTC,1\n")
    (home / "r.csv").write_text('sleeve,brokers,forbid,comment\ns,none,,"two\nlines"\nt,ibkr|lynx,,\n')
    (home / "l.csv").write_text(f"{LISTING_HEADER}\n{MSFT}{MSFT.replace('alpaca', 'saxo')}")
    files = [*("--balances", "b.csv"), *("--positions", "p.csv"), *("--rules", "r.csv"), *("--listings", "l.csv")]
    said = command(command_name, "o.csv", *files)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        f"o.csv:3 [pin]: {KNOWN}; did you mean 'ibkr'? (got 'ibrk')",
        f"o.csv:3 [forbid]: {KNOWN}; did you mean 'ibkr'? (got 'ib')",
        f"l.csv:3 [broker]: {KNOWN} (got 'saxo')",
        f"b.csv:5 [broker]: {KNOWN}; did you mean 'alpaca'? (got 'alpca')",
        f"p.csv:2 [broker]: {KNOWN} (got 'kraken')",
        f"r.csv:4 [brokers]: {KNOWN} (got 'lynx')",
    ]
    assert not list(home.glob("data/**/*.sqlite3"))


def test_references_look_at_the_brokers_of_the_metadata(command: Command, home: Path) -> None:
    """A table of rules by ticker with an unknown broker is not imported."""
    (home / "m.csv").write_text("symbol,asset_type,brokers\nAAPL,stock_us,alpca\n")
    said = command("references", "--metadata", "m.csv", "--database", "d.sqlite3")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"m.csv:2 [brokers]: {KNOWN}; did you mean 'alpaca'? (got 'alpca')\n"
    assert not (home / "d.sqlite3").exists()


def test_an_ambiguous_order_is_told_with_its_line(command: Command, home: Path) -> None:
    """The line is that of the file: blank lines, quoted line breaks and lines set aside are counted."""
    orders = 'order_id,symbol,side,quantity,signal\n\na,MSFT,buy,2,\nx,MSFT,buy,-1,\n"b",TWIN,buy,1,\nc,TWIN,sell,1,\n'
    (home / "o.csv").write_text(orders)
    (home / "l.csv").write_text(LISTINGS)
    words = ["plan", "o.csv", *BALANCES, "--listings", "l.csv"]
    routed = command(*words, "--skip-invalid", "--json")
    assert routed.code == 0, routed.err
    assert [route["order_id"] for route in json.loads(routed.out)["routes"]] == ["a"]
    aside = [line for line in routed.err.splitlines() if line.startswith("set aside")]
    assert [line.split(" [")[0] for line in aside] == [f"set aside: o.csv:{line}" for line in (4, 5, 6)]


@pytest.mark.parametrize(
    ("name", "place"), [("o.json", "o.json, row 2"), ("lines.json", "lines.json:3"), ("o.parquet", "o.parquet, row 2")]
)
def test_a_file_without_lines_is_told_by_row(command: Command, home: Path, name: str, place: str) -> None:
    """Parquet and JSON on one line have no lines to tell: their rows are counted, and called so."""
    rows = [{"order_id": order, "symbol": symbol, "side": "buy", "quantity": "1"} for order, symbol in ("aM", "bT")]
    rows = [{**row, "symbol": {"M": "MSFT", "T": "TWIN"}[row["symbol"]]} for row in rows]
    if name == "o.parquet":
        pd.DataFrame(rows).to_parquet(home / name)
    else:
        end = "\n" if name == "lines.json" else ""
        (home / name).write_text(f"[{end}{f',{end}'.join(map(json.dumps, rows))}{end}]")
    (home / "l.csv").write_text(LISTINGS)
    said = command("plan", name, *BALANCES, "--listings", "l.csv")
    assert said.code == 2
    assert said.err.startswith(f"{place} [symbol]: order b: the symbol is ambiguous")
    assert said.err.endswith("(got 'TWIN')\n")


@pytest.mark.parametrize("command_name", ["plan", "run"])
def test_what_the_world_shows_is_told_at_once_and_nothing_is_stored(
    command: Command, home: Path, command_name: str
) -> None:
    """Ambiguous positions, ambiguous orders and unknown accounts come together, before a database is made."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity,account\na,TWIN,buy,1,\nb,MSFT,buy,1,ZZ\n")
    (home / "p.csv").write_text("broker,account,symbol,quantity\nibkr,U1,IBM,1\n\nibkr,U1,TWIN,1\n")
    (home / "l.csv").write_text(LISTINGS)
    said = command(command_name, "o.csv", *BALANCES, "--positions", "p.csv", "--listings", "l.csv")
    assert (said.code, said.out) == (2, "")
    assert [line.split("]: ")[0] for line in said.err.splitlines()] == [
        "o.csv:2 [symbol",
        "o.csv:3 [account",
        "p.csv:4 [symbol",
    ]
    assert not list(home.glob("data/**/*.sqlite3"))


@pytest.mark.parametrize("command_name", ["plan", "capital", "run"])
def test_cash_beyond_counting_is_refused_and_the_most_is_counted(
    command: Command, home: Path, command_name: str
) -> None:
    """Cash that 64 bits of micro-units cannot carry names the limit; cash at the limit works, down to the ledger."""
    (home / "o.csv").write_text(ROW)
    cash = "broker,account,currency,cash,reserve\nalpaca,A,USD,{},0.1234567\nalpaca,B,USD,{},\n"
    (home / "b.csv").write_text(cash.format("1234567890123456789012345", "1000000000000.01"))
    said = command(command_name, "o.csv", "--balances", "b.csv")
    assert said.code == 2
    assert said.err.splitlines() == [
        "b.csv:2 [cash]: must be at most 1000000000000 (got '1234567890123456789012345')",
        "b.csv:3 [cash]: must be at most 1000000000000 (got '1000000000000.01')",
    ]
    (home / "b.csv").write_text(cash.format("1000000000000", "-1000000000000"))
    said = command(command_name, "o.csv", "--balances", "b.csv")
    assert said.code in (0, 5), said.err


@pytest.mark.parametrize("command_name", ["plan", "run"])
def test_symbols_in_small_letters_are_read_with_a_warning(command: Command, home: Path, command_name: str) -> None:
    """An order and a position mean the capitals that are listed, said so; what is listed in no case is suggested."""
    (home / "o.csv").write_text(
        "order_id,symbol,side,quantity\na,aapl,sell,1\nb,btc,buy,0.01\nc,Msft,buy,1\nd,aaplx,buy,1\n"
    )
    (home / "p.csv").write_text("broker,account,symbol,quantity\n\nalpaca,PA1,aapl,5\n")
    (home / "b.csv").write_text("broker,account,currency,cash\nalpaca,PA1,USD,9000\ncrypto_com,main,USD,9000\n")
    words = ["o.csv", "--balances", "b.csv", "--positions", "p.csv", "--json"]
    said = command(command_name, *words)
    assert said.code in (0, 5), said.err
    document = json.loads(said.out)
    assert {route["order_id"]: route["symbol"] for route in document["routes"]} == {
        "a": "AAPL",
        "b": "BTC",
        "c": "MSFT",
    }
    (left,) = document["backlog"]
    assert "(nearest known: AAPL" in left["sentence"]
    told = [line for line in said.err.splitlines() if "capitals" in line]
    assert told == [
        "warning: o.csv:2 [symbol]: read as AAPL: only the capitals are listed (got 'aapl')",
        "warning: o.csv:3 [symbol]: read as BTC: only the capitals are listed (got 'btc')",
        "warning: o.csv:4 [symbol]: read as MSFT: only the capitals are listed (got 'Msft')",
        "warning: p.csv:3 [symbol]: read as AAPL: only the capitals are listed (got 'aapl')",
    ]


def test_rules_and_quotes_in_small_letters_count(command: Command, home: Path) -> None:
    """A rule by ticker, given or imported, and a quote mean the capitals that are listed, and it is said."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity\na,MSFT,buy,1\n")
    (home / "m.csv").write_text("symbol,brokers\nmsft,ibkr\n")
    (home / "q.csv").write_text("symbol,mic,currency,bid,ask,as_of\nmsft,XNAS,USD,9,10,2026-11-23T14:45:00Z\n")
    (home / "b.csv").write_text("broker,account,currency,cash\nibkr,U1,USD,9000\n")
    told = "[symbol]: read as MSFT: only the capitals are listed (got 'msft')\n"
    words = ["plan", "o.csv", "--balances", "b.csv", "--quotes", "q.csv", "--json"]
    given = command(*words, "--metadata", "m.csv")
    assert given.err == f"warning: q.csv:2 {told}warning: m.csv:2 {told}"
    assert [route["broker"] for route in json.loads(given.out)["routes"]] == ["ibkr"]
    assert command("references", "--metadata", "m.csv").err == f"warning: m.csv:2 {told}"
    assert [route["broker"] for route in json.loads(command(*words).out)["routes"]] == ["ibkr"]


def test_a_catalogue_without_listings_leaves_everything_behind(command: Command, home: Path) -> None:
    """A table of listings that has a header only is no error: no broker knows the orders."""
    (home / "o.csv").write_text(ROW)
    (home / "l.csv").write_text(f"{LISTING_HEADER}\n")
    said = command("plan", "o.csv", *BALANCES, "--listings", "l.csv", "--json")
    assert said.code == 0, said.err
    assert [row["code"] for row in json.loads(said.out)["backlog"]] == ["UNKNOWN_INSTRUMENT"]
