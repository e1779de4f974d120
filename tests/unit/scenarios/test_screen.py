"""The first screen: few lines, aligned numbers, money first, nothing that a name could disturb."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from rich.console import Console

from scenarios.mode import Mode
from scenarios.planning import Plan, plan
from scenarios.report.figures import cents, compact, exact, gap, share
from scenarios.report.screen import MOST_LINES, asked_value, first_screen, plain
from scenarios.report.tables import backlog_sheet, capital_sheet, reasons_sheet, routes_sheet, rules_sheet
from solver import Policy, RoutingRule
from solver.problem import permissive_broker

LISTING = {"lot": "1", "min_quantity": "1", "min_notional": "0", "max_quantity": "", "tick": "0.01"}
FLAGS = {"fractional": "false", "tradable": "true", "shortable": "false"}
AS_OF = "2026-11-23T14:45:00Z"


def batch(quantities: Iterable[int], cash: str, *, prefix: str = "o", accounts: int = 1, **options: object) -> Plan:
    """Return a plan of buys of one share at 100, at one broker with the same cash in every account."""
    orders = [
        {"order_id": f"{prefix}{quantity}", "symbol": "KO", "side": "buy", "quantity": str(quantity), "mic": "XNYS"}
        for quantity in quantities
    ]
    listing = {"broker": "alpaca", "symbol": "KO", "asset_type": "stock_us", "mic": "XNYS", "currency": "USD"}
    balances = [{"broker": "alpaca", "account": f"A{at}", "currency": "USD", "cash": cash} for at in range(accounts)]
    quote = {"symbol": "KO", "mic": "XNYS", "currency": "USD", "bid": "99.5", "ask": "100", "as_of": AS_OF}
    return plan(
        pd.DataFrame(orders),
        pd.DataFrame([{**listing, "broker_symbol": "KO", **LISTING, **FLAGS}]),
        pd.DataFrame(balances),
        quotes=pd.DataFrame([quote]),
        policy=Policy(rules=(RoutingRule(brokers=("alpaca",)),), reserve_share=Fraction(0), reserve_amount=Decimal(0)),
        base_currency="USD",
        **options,  # type: ignore[arg-type]
        brokers={"alpaca": permissive_broker("alpaca")},
    )


@pytest.mark.parametrize("width", [40, 80, 87, 100, 250])
@pytest.mark.parametrize(("n_orders", "cash"), [(1, "1000000"), (1, "0"), (40, "9000"), (200, "0")])
def test_the_screen_keeps_its_size(n_orders: int, cash: str, width: int) -> None:
    """Whatever the batch, the screen has at most 25 lines, as wide as the terminal between 80 and 100 columns."""
    lines = first_screen(batch(range(1, n_orders + 1), cash), width=width, prices="simulated").copy()
    assert len(lines) <= MOST_LINES
    assert max(line.cell_len for line in lines) <= min(100, max(80, width))


def test_many_pools_do_not_push_the_backlog_away() -> None:
    """Capital in dozens of accounts is cut short, and orders of the backlog still appear."""
    text = plain(first_screen(batch(range(1, 31), "1", accounts=36)))
    assert len(text.splitlines()) <= MOST_LINES
    assert "and more (--capital)" in text
    assert len(re.findall(r"missing at", text)) >= 3


def test_backlog_shown_and_counted_add_up() -> None:
    """The largest orders are shown, and those shown and those counted are all of the backlog."""
    decided = batch(range(1, 41), "3000")
    text = plain(first_screen(decided))
    shown = re.findall(r"^  (o\d+) .* missing at", text, re.MULTILINE)
    (more,) = re.findall(r"and (\d+) more", text)
    backlog = decided.solution.backlog
    assert len(shown) + int(more) == len(backlog)
    by_value = backlog.sort_values("value", ascending=False, key=lambda column: column.map(float))
    assert shown == by_value["order_id"].head(len(shown)).tolist()


def test_the_missing_amount_is_what_is_short() -> None:
    """The amount shown as missing is the need less what is left, in cents."""
    decided = batch(range(1, 2), "40")
    (row,) = decided.solution.backlog.itertuples(index=False)
    text = plain(first_screen(decided))
    assert row.needed - row.available == row.missing
    assert f"{row.missing:,.2f} USD missing at alpaca, 40.00 in all" in text


def test_the_comparison_is_in_money() -> None:
    """Routed and asked value are those of the tables, and points are shown as money."""
    # Two orders of 50 fill the pool; the rule that takes the first order first is left with 60.
    decided = batch([60, 50, 49], "9990")
    text = plain(first_screen(decided))
    assert asked_value(decided) == 15_900
    assert re.search(r"^This plan +2 of 3 +9,900 of 15,900 +9,900$", text, re.MULTILINE)
    assert re.search(r"^Desk's greedy.* 1 +6,000 +6,000 +-3,900 +-39.4 %$", text, re.MULTILINE)


def test_a_plan_without_comparison_shows_only_itself() -> None:
    """Where no baseline was asked for, none is shown."""
    text = plain(first_screen(batch(range(1, 3), "9000", compare=False)))
    assert "greedy" not in text
    assert "This plan" in text


def test_nothing_left_is_said_in_words() -> None:
    """An empty backlog is a sentence, not an empty table."""
    assert "Backlog  none: every order is routed" in plain(first_screen(batch(range(1, 3), "9000")))


@pytest.mark.parametrize("mode", list(Mode))
def test_the_mode_stands_on_top(mode: Mode) -> None:
    """Nobody can take a simulated plan for a real one: the first word is the mode."""
    assert plain(first_screen(batch(range(1, 2), "9000", mode=mode))).split()[0] == mode


def test_an_unproven_plan_says_so() -> None:
    """A heuristic shows the bound of the relaxation, called so, and the gap to it, and never the word optimal."""
    text = plain(first_screen(batch(range(1, 21), "9000", method="greedy")))
    proof = text.splitlines()[-1]
    assert proof.startswith("Proof  heuristic")
    assert re.search(r"of at most 890,000 points \(relaxation\), gap 12.36 %", proof)
    assert "optimal" not in proof


def test_markup_in_a_name_is_only_text() -> None:
    """Brackets in an order's id are shown as they are, in colour and plain, in screens and tables."""
    decided = batch(range(1, 31), "3000", prefix="[red]x[/red]")
    console = Console(width=100, force_terminal=True, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    for line in first_screen(decided):
        console.print(line)
    for make in (routes_sheet, reasons_sheet):
        assert "[red]x[/red]29" in make(decided).plain()
        console.print(make(decided).table())
    assert "[red]x[/red]30" in plain(first_screen(decided))
    assert "[red]x[/red]30" in console.export_text()


def test_a_table_has_one_line_a_row() -> None:
    """Plain tables are made for reading by programs too: a title, a heading, and one line a row."""
    decided = batch(range(1, 31), "3000")
    solution = decided.solution
    sizes = {
        routes_sheet: len(solution.routes),
        backlog_sheet: len(solution.backlog),
        capital_sheet: len(solution.capital),
        reasons_sheet: len(decided.problem.orders),
        rules_sheet: solution.routes["rule"].nunique(),
    }
    for make, rows in sizes.items():
        assert len(make(decided).plain().splitlines()) == rows + 2


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (cents(Decimal("1234567.891")), "1,234,567.89"),
        (cents(Decimal("0.0004")), "0.0004"),
        (cents(Decimal(0)), "0.00"),
        (compact(Decimal("87.2")), "87.20"),
        (compact(Decimal("189412.8")), "189,413"),
        (exact(Decimal("12.683273299")), "12.683273299"),
        (exact(Decimal("1E+4")), "10,000"),
        (share(Decimal(-79532), Decimal(382395)), "-20.8 %"),
        (share(Decimal(1), Decimal(0)), ""),
        (gap(0.0), "0"),
        (gap(0.0025), "0.25 %"),
        (gap(4e-6), "4e-06"),
    ],
)
def test_figures_are_written_for_people(shown: str, words: str) -> None:
    """Thousands are set apart, no digit that matters is lost, and no exponent is shown for money."""
    assert shown == words
