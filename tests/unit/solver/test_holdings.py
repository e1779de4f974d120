"""What a position means: one rule for the network, the simulated market and - written again - the checker."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from brokers.frames import listings_of, positions_of
from brokers.simulated.market import _placed
from solver import Problem, tables
from solver.checker.world import World
from solver.domain import AssetType, Instrument
from solver.domain.amounts import PICO
from solver.errors import ProblemError
from solver.holdings import ambiguous_positions, held_quantities, matching_instruments

LISTED = [
    ("ibkr", "ASML", "stock_intl", "XAMS", "EUR"),
    ("ibkr", "ASML", "stock_us", "XNAS", "USD"),
    ("alpaca", "ASML", "stock_us", "XNAS", "USD"),
    ("alpaca", "SOL", "stock_us", "XNYS", "USD"),
    ("alpaca", "SOL", "crypto", "", "USD"),
    ("alpaca", "SOL", "crypto", "", "USDC"),
    ("ibkr", "III", "stock_intl", "XPAR", "EUR"),
    ("ibkr", "III", "stock_intl", "XPAR", "USD"),
]


def listings() -> pd.DataFrame:
    frame = pd.DataFrame(LISTED, columns=["broker", "symbol", "asset_type", "mic", "currency"])
    frame["broker_symbol"] = [f"L{n}" for n in range(len(frame))]
    more = {"lot": "0.000000000001", "min_quantity": "0", "min_notional": "0", "max_quantity": "", "tick": "0.01"}
    return frame.assign(**more, fractional="true", tradable="true", shortable="false")


def positions(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Return a table of ``broker, symbol, mic, currency``, one unit each in a sleeve of its own."""
    frame = pd.DataFrame(rows, columns=["broker", "symbol", "mic", "currency"])
    return frame.assign(account="A", quantity="1", sleeve=[f"s{n}" for n in range(len(frame))])


def problem(held: pd.DataFrame) -> Problem:
    order = {"order_id": "o", "symbol": "ASML", "mic": "XNAS", "side": "sell", "quantity": "1"}
    pools = {"broker": ["ibkr", "alpaca"], "account": "A", "currency": "USD", "cash": "0"}
    return Problem.of(pd.DataFrame([order]), listings(), pd.DataFrame(pools), held)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("ibkr", "ASML", "XAMS", ""), "ASML@XAMS:EUR"),
        (("ibkr", "ASML", "", "USD"), "ASML@XNAS:USD"),
        (("alpaca", "ASML", "", ""), "ASML@XNAS:USD"),
        (("alpaca", "SOL", "", ""), "SOL"),
        (("alpaca", "SOL", "XNYS", ""), "SOL@XNYS:USD"),
        (("ibkr", "III", "XPAR", "USD"), "III@XPAR:USD"),
    ],
)
def test_a_position_is_held_as_what_it_means(words: tuple[str, str, str, str], meant: str) -> None:
    """The broker's own listings decide; a bare symbol is that of the coin, which has no other name."""
    day = problem(positions(words))
    assert held_quantities(day.positions, day.listings) == {(words[0], "A", meant): PICO}


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (("ibkr", "ASML", "", ""), "ASML@XAMS:EUR, ASML@XNAS:USD"),
        (("ibkr", "III", "XPAR", ""), "III@XPAR:EUR, III@XPAR:USD"),
        (("alpaca", "SOL", "", "USD"), "SOL, SOL@XNYS:USD"),
    ],
)
def test_an_ambiguous_position_is_refused_with_the_choices(words: tuple[str, str, str, str], choices: str) -> None:
    """Of several instruments nobody guesses: the row is told, and what it could be."""
    with pytest.raises(ProblemError) as refused:
        problem(positions(("alpaca", "ASML", "", ""), words))
    (violation,) = refused.value.violations
    assert (violation.table, violation.line, violation.column, violation.value) == (
        "positions",
        2,
        "symbol",
        repr(words[1]),
    )
    assert f"({choices})" in violation.message


def test_network_market_and_checker_agree_on_every_position() -> None:
    """Whatever words a position has, all three read the same instrument, or all three none."""
    words = itertools.product(
        ("ibkr", "alpaca"), ("ASML", "SOL", "III", "NONE"), ("", "XAMS", "XNAS", "XNYS", "XPAR"), ("", "EUR", "USD")
    )
    empty = problem(positions(("alpaca", "ASML", "", "")))
    catalogue = listings_of(listings())
    seen = set()
    for each in words:
        frame = tables.canonical(tables.POSITIONS, positions(each)).frame
        day = replace(empty, positions=frame)
        held = held_quantities(frame, day.listings)
        assert {key: units for key, units in World(day).held.items() if key[2]} == held
        (position,) = positions_of(frame)
        traded = [listing for listing in catalogue if listing.broker == position.broker]
        if ambiguous_positions(frame, day.listings):
            assert held == {}
            seen.add("several")
            continue
        placed = _placed(position, traded)
        keys = {listing.instrument_key for listing in traded if listing.instrument.symbol == placed.symbol}
        key = f"{placed.symbol}@{placed.mic}:{placed.currency}" if placed.mic else placed.symbol
        assert ([key] if key in keys else []) == [found for _, _, found in held]
        seen.add(len(held))
    assert seen == {0, 1, "several"}


def test_quantities_of_many_digits_add_up_exactly() -> None:
    """Twenty digits before the point and twelve after it: more than a decimal carries by default."""
    large, small = Decimal("12345678901234567890.000000000001"), Decimal("0.000000000001")
    held = positions(("alpaca", "ASML", "", ""), ("alpaca", "ASML", "XNAS", "USD"))
    frame = tables.canonical(tables.POSITIONS, held).frame.assign(quantity=[large, small])
    found = held_quantities(frame, problem(held).listings)
    assert found == {("alpaca", "A", "ASML@XNAS:USD"): 12345678901234567890_000000000002}
    own = World(replace(problem(held), positions=frame)).held
    assert own == found


def test_nothing_matches_nothing() -> None:
    """A symbol that the broker does not trade means none of its instruments."""
    share = Instrument("ASML", "XAMS", "EUR", AssetType.STOCK_INTL)
    assert matching_instruments("ASM", "", "", [share]) == ()
    assert matching_instruments("ASML", "XNAS", "", [share]) == ()
    assert matching_instruments("ASML", "", "EUR", [share, share]) == (share,)
