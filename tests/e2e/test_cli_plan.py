"""``multibroker plan``: a batch in, a screen or a document out, nothing stored and nothing sent."""

from __future__ import annotations

import copy
import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import BINDING, Command, Shown

ALLOWED_FLOATS = {"gap", "seconds", "price"}


def floats(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, float):
        yield key
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from floats(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from floats(each, key)


def boxes(text: str) -> set[str]:
    return {c for c in text if "BOX DRAWINGS" in unicodedata.name(c, "") or "BLOCK" in unicodedata.name(c, "")}


def test_the_first_screen_of_the_shipped_day_has_at_most_25_lines_of_100_columns(shown: Shown) -> None:
    """A plan is read at a glance: whatever the backlog, its first screen fits a small terminal."""
    lines = shown.screen.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith(" SIMULATED ")
    assert "prices: simulated" in lines[0]


def test_without_a_terminal_the_screen_is_plain_text(process: Command, day: list[object]) -> None:
    """What is piped has no colour, no box and no blanks at the ends of lines, whatever is asked for."""
    said = process("plan", *day, "--routes", "--backlog", "--reasons", "--capital", "--rules-shown", "--explain")
    assert said.code == 0, said.err
    assert "\x1b" not in said.out
    assert not boxes(said.out)
    assert not re.search(r" $", said.out, re.MULTILINE)
    for title in ("Routes: ", "Backlog: ", "Why, and why not", "Capital", "Rules that decided", "Weighted value is"):
        assert f"\n{title}" in said.out


def test_the_document_has_no_binary_float_for_an_amount(shown: Shown) -> None:
    """In the document every amount is a decimal string."""
    assert set(floats(shown.document)) <= ALLOWED_FLOATS
    for route in shown.document["routes"]:
        for name in ("quantity", "limit_price", "required_capital", "value", "expected_cost"):
            assert re.fullmatch(r"\d+(\.\d+)?", route[name]), (name, route[name])


def test_screen_and_document_tell_the_same(shown: Shown) -> None:
    """The screen and the document of one batch show one plan: ids, orders, value, objective."""
    screen, document = shown.screen, shown.document
    assert f"plan {document['plan_id']}" in screen
    assert f"batch {document['batch_id']}" in screen
    assert f"{len(document['routes'])} of {document['orders']}" in screen
    value = sum(Decimal(route["value"]) for route in document["routes"])
    assert f"{value:,.0f} of " in screen
    assert f"{document['objective']:,}" in screen
    assert document["objective"] == sum(route["points"] for route in document["routes"])


def test_the_document_accounts_for_every_order_and_every_unit_of_capital(shown: Shown) -> None:
    """Every order is routed or has a sentence in the backlog, and routes use exactly the capital shown as used."""
    document = shown.document
    with (BINDING / "orders.csv").open() as file:
        ids = {row["order_id"] for row in csv.DictReader(file)}
    routed = {route["order_id"] for route in document["routes"]}
    left = {entry["order_id"]: entry["sentence"] for entry in document["backlog"]}
    assert routed | set(left) == ids
    assert all(order_id in sentence for order_id, sentence in left.items())
    used: dict[tuple[str, ...], Decimal] = {}
    for route in document["routes"]:
        pool = route["broker"], route["account"], route["currency"]
        used[pool] = used.get(pool, Decimal(0)) + Decimal(route["required_capital"])
    for pool in document["capital"]:
        key = pool["broker"], pool["account"], pool["currency"]
        assert used.get(key, Decimal(0)) == Decimal(pool["used"])
        assert Decimal(pool["used"]) + Decimal(pool["left"]) == Decimal(pool["capacity"])


def test_the_same_batch_gives_the_same_plan(command: Command, shown: Shown, day: list[object]) -> None:
    """A plan is a function of its inputs: asked twice, everything but the seconds is the same."""
    first, second = copy.deepcopy(shown.document), json.loads(command("plan", *day, "--json").out)
    for document in (first, second):
        document.pop("seconds")
        for row in document["baselines"]:
            row.pop("seconds")
    assert first == second


def test_nothing_is_stored(shown: Shown) -> None:
    """A plan is only shown: no database comes into being."""
    assert shown.left_behind == []


def test_a_french_file_is_the_same_batch(command: Command, day: list[object], home: Path) -> None:
    """With the dialect declared, semicolons and decimal commas mean what the plain file means."""
    own = ["order_id,symbol,side,quantity,mic", "a,MSFT,buy,2.5,XNAS", "b,AAPL,buy,1.25,XNAS"]
    french = [line.replace(",", ";").replace(".", ",") for line in own]
    money = ["broker,account,currency,cash", "alpaca,A,USD,2000.50"]
    for name, lines in (("plain", own), ("fr", french)):
        (home / f"{name}.csv").write_text("\n".join(lines) + "\n")
        cash = [line.replace(",", ";").replace(".", ",") for line in money] if name == "fr" else money
        (home / f"{name}_balances.csv").write_text("\n".join(cash) + "\n")
    plans = [
        json.loads(command("plan", f"{d}.csv", "--balances", f"{d}_balances.csv", "--dialect", d, "--json").out)
        for d in ("plain", "fr")
    ]
    assert plans[0]["plan_id"] == plans[1]["plan_id"]
    assert [route["quantity"] for route in plans[0]["routes"]] == ["2.5", "1.25"]


def test_own_prices_are_named_on_the_screen(command: Command, day: list[object], home: Path) -> None:
    """The reader is told whose prices decide: with quotes of his own, not the simulated ones."""
    (home / "mine.csv").write_text((BINDING.parent / "quotes.csv").read_text())
    said = command("plan", *day, "--quotes", "mine.csv")
    assert "prices: mine.csv (rates simulated)" in said.out


def test_invalid_orders_are_set_aside_on_request(command: Command, home: Path) -> None:
    """With --skip-invalid bad lines are named on standard error and the others are routed."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity\na,AAPL,buy,-1\nb,MSFT,buy,2\nc,KO,buy,x\n")
    refused = command("plan", "o.csv", "--balances", BINDING / "balances.csv")
    assert (refused.code, refused.out) == (2, "")
    assert [line.split(" ")[0] for line in refused.err.splitlines()] == ["o.csv:2", "o.csv:4"]
    routed = command("plan", "o.csv", "--balances", BINDING / "balances.csv", "--skip-invalid", "--json")
    assert routed.code == 0
    assert [route["order_id"] for route in json.loads(routed.out)["routes"]] == ["b"]
    assert [line.split(" [")[0] for line in routed.err.splitlines()] == ["set aside: o.csv:2", "set aside: o.csv:4"]


def test_an_ambiguous_symbol_is_set_aside_on_request(command: Command, home: Path) -> None:
    """What only the listings show to be invalid is told with its file and line, and can be set aside too."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity\na,MSFT,buy,2\nb,TWIN,buy,1\n")
    kinds = "ibkr,TWIN,stock_us,{mic},USD,TWIN {mic},1,1,0,,0.01,false,true,true\n"
    header = (BINDING.parent / "listings.csv").read_text().splitlines()[0].removesuffix(",isin,name")
    msft = "alpaca,MSFT,stock_us,XNAS,USD,MSFT,0.001,0.001,1,,0.01,true,true,true\n"
    (home / "l.csv").write_text(f"{header}\n{msft}{kinds.format(mic='XNAS')}{kinds.format(mic='XNYS')}")
    words = ["plan", "o.csv", "--balances", BINDING / "balances.csv", "--listings", "l.csv"]
    refused = command(*words)
    assert refused.code == 2
    assert refused.err.startswith("o.csv:3 [symbol]: order b: the symbol is ambiguous")
    routed = command(*words, "--skip-invalid", "--json")
    assert [route["order_id"] for route in json.loads(routed.out)["routes"]] == ["a"]
    assert routed.err.startswith("set aside: o.csv:3 [symbol]")


def test_a_method_can_be_compared_with_the_optimum(command: Command, shown: Shown, day: list[object]) -> None:
    """A simple rule is never worth more than the optimum and says that it proves nothing."""
    best = shown.document
    simple = json.loads(command("plan", *day, "--json", "--method", "greedy").out)
    assert simple["status"] == "heuristic"
    assert simple["objective"] < best["objective"] <= simple["bound"]
    points = {row["method"]: row["points"] for row in best["baselines"]}
    assert points["greedy"] == simple["objective"]
    screen = command("plan", *day, "--method", "greedy").out.splitlines()[-1]
    said = f"Proof  heuristic: {simple['objective']:,} of at most {simple['bound']:,} points (relaxation), gap "
    assert screen.startswith(said)


def test_gaps_beside_a_proven_optimum_are_held_against_it(shown: Shown) -> None:
    """Of the bounds that the methods prove the least is the one of the comparison: it holds for all of them."""
    document = shown.document
    for row in document["baselines"]:
        assert row["gap"] == pytest.approx((document["bound"] - row["points"]) / document["bound"])


def test_rules_by_ticker_decide(command: Command, home: Path) -> None:
    """A routing rule by ticker sends the order elsewhere, given on the call or imported before."""
    (home / "o.csv").write_text("order_id,symbol,side,quantity,mic\na,MSFT,buy,2,XNAS\n")
    (home / "meta.csv").write_text("asset_type,symbol,brokers\nstock_us,MSFT,ibkr\n")
    words = ["plan", "o.csv", "--balances", BINDING / "balances.csv", "--json"]

    def broker(*more: str) -> str:
        return str(json.loads(command(*words, *more).out)["routes"][0]["broker"])

    assert broker() == "alpaca"
    assert broker("--metadata", "meta.csv") == "ibkr"
    assert command("references", "--metadata", "meta.csv").code == 0
    assert broker() == "ibkr"
    assert "1 routing rule by ticker, imported earlier" in command(*words).err


def test_settings_name_files_and_figures(command: Command, home: Path) -> None:
    """A settings file stands for options; its paths begin at its own folder."""
    folder = home / "desk"
    folder.mkdir()
    (folder / "cash.csv").write_text("broker,account,currency,cash\nalpaca,A,USD,2000\nalpaca,B,USD,2000\n")
    (folder / "desk.toml").write_text(
        'base_currency = "USD"\n[files]\nbalances = "cash.csv"\n[policy]\nfirst_choice_bps = 5000\n'
        '[sleeves.growth.accounts]\nalpaca = "B"\n'
    )
    (home / "o.csv").write_text("order_id,symbol,side,notional,mic,sleeve\na,MSFT,buy,1000,XNAS,growth\n")
    said = command("plan", "o.csv", "--config", "desk/desk.toml", "--json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert document["base_currency"] == "USD"
    assert [(route["account"], route["points"]) for route in document["routes"]] == [("B", 50_000)]


@pytest.mark.parametrize("colour", ["NO_COLOR", "TERM"])
def test_a_terminal_without_colours_gets_plain_text(
    command: Command, monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    """NO_COLOR and a dumb terminal are obeyed even where a terminal looks on."""
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: True))
    coloured = command("references").out
    assert "\x1b" in coloured
    assert boxes(coloured)
    monkeypatch.setenv(colour, {"NO_COLOR": "1", "TERM": "dumb"}[colour])
    plain = command("references").out
    assert "\x1b" not in plain
    assert not boxes(plain)


def test_the_capital_of_a_packet_is_estimated_before_any_decision(command: Command, day: list[object]) -> None:
    """`capital` tells what the first choices need in each pool at worst, and what is missing there."""
    said = command("capital", *day, "--json")
    assert said.code == 0, said.err
    pools = {(row["broker"], row["currency"]): row for row in json.loads(said.out)["requirement"]}
    for row in pools.values():
        needed, available = Decimal(row["first_choice_needed"]), Decimal(row["available"])
        assert Decimal(row["missing"]) == max(needed - available, Decimal(0))
    assert Decimal(pools["alpaca", "USD"]["missing"]) > 0
    assert Decimal(pools["ibkr", "JPY"]["missing"]) == 0
    assert " SIMULATED " in command("capital", *day).out
