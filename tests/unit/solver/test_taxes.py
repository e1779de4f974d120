"""Taxes on buys, in the requirement and in the ledger's truth."""

from dataclasses import replace
from decimal import Decimal

import pytest

from brokers.profiles import load_profiles
from solver import solve, verify
from solver.domain import Broker, TransactionTax
from tests.unit.solver.test_desk_rules import order, problem

D = Decimal
TAX = TransactionTax(
    name="stamp duty",
    asset_types=frozenset({"stock_us"}),
    countries=frozenset({"GB"}),
    mics=frozenset({"XNYS"}),
    rate_bps=D(50),
    source="test",
)


@pytest.mark.parametrize(("isin", "needed"), [("GB0005405286", "100.5"), ("US0378331005", "100"), ("", "100.5")])
def test_a_buy_needs_the_tax_of_its_country(isin: str, needed: str) -> None:
    """By the ISIN, or by the exchange where there is none; what is not taxed there needs none of it."""
    given = problem([order("a", "AA", 10)], {"one": "1000"})
    brokers = {name: replace(broker, taxes=(TAX,)) for name, broker in given.brokers.items()}
    given = replace(given, brokers=brokers, listings=given.listings.assign(isin=isin))
    solution = solve(given)
    assert list(solution.routes["required_capital"]) == [D(needed)]
    assert verify(given, solution) == ()
    if isin[:2] != "US":
        assert any("capital: requires" in flaw for flaw in verify(replace(given, brokers=_untaxed(brokers)), solution))


def _untaxed(brokers: dict[str, Broker]) -> dict[str, Broker]:
    return {name: replace(broker, taxes=()) for name, broker in brokers.items()}


def test_a_sell_is_not_taxed() -> None:
    """The tax falls on whoever buys."""
    given = problem([order("s", "AA", 10, "sell")], {"one": "0"}, held={"one": "10"})
    brokers = {name: replace(broker, taxes=(TAX,)) for name, broker in given.brokers.items()}
    solution = solve(replace(given, brokers=brokers))
    assert list(solution.routes["expected_cost"]) == [D(0)]


@pytest.mark.parametrize(
    ("mic", "isin", "bps"),
    [
        ("XPAR", "FR0000121014", 40),
        ("XLON", "GB0005405286", 50),
        ("XAMS", "NL0010273215", 0),
        ("XPAR", "LU1598757687", 0),
    ],
)
def test_the_shipped_taxes(mic: str, isin: str, bps: int) -> None:
    """French shares pay the French tax, British ones stamp duty; a foreign share listed in Paris pays neither."""
    broker = load_profiles()["ibkr"]
    assert broker.fee_schedule("stock_intl", "EUR", mic, isin).buy_bps == bps
    assert all(tax.source for tax in broker.taxes)
