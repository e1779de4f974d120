"""Currency changed inside a broker, on the smallest tables that show it."""

from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from solver import Problem, Solution, solve, verify
from solver.domain.fees import ConversionTerms
from tests.unit.solver.test_desk_rules import order, problem

D = Decimal
RATES = pd.DataFrame([("USD", "EUR", "0.8", "2026-11-23T14:45:00Z")], columns=["from", "to", "rate", "as_of"])
TERMS = ConversionTerms(
    currencies=frozenset({"EUR", "USD"}), collar_bps=D(50), spread_bps=D(2), fee_bps=D(1), fee_minimum=D(2)
)


def desk(euros: str, dollars: str, quantity: int = 10, terms: ConversionTerms | None = TERMS) -> Problem:
    """Return a problem of one buy in EUR at one broker that has euros and dollars."""
    given = problem([order("a", "AA", quantity)], {"one": euros})
    balances = pd.DataFrame(
        [("one", "Aone", "EUR", euros), ("one", "Aone", "USD", dollars)],
        columns=["broker", "account", "currency", "cash"],
    )
    brokers = {
        name: replace(broker, conversion=terms if name == "one" else None) for name, broker in given.brokers.items()
    }
    return Problem.of(given.orders, given.listings, balances, rates=RATES, brokers=brokers, policy=given.policy)


def test_a_buy_is_paid_by_another_currency_of_its_account() -> None:
    """What euros lack is bought with dollars: a block at the rate, the collar, the fee and its minimum."""
    solution = solve(desk("70", "1000"))
    assert list(solution.routes["order_id"]) == ["a"]
    (row,) = solution.conversions.itertuples()
    assert (row.sold, row.bought, row.bought_amount) == ("USD", "EUR", D(30))
    assert row.sold_amount == D("30") / D("0.8") * (1 + D("0.0051")) + 2
    assert row.worst_rate == D("1.25") * (1 + D("0.0051"))
    left = dict(zip(solution.capital["currency"], solution.capital["left"], strict=True))
    assert left["EUR"] == 0
    assert left["USD"] == 1000 - row.sold_amount


@pytest.mark.parametrize(("euros", "dollars", "terms"), [("70", "30", TERMS), ("70", "1000", None)])
def test_nothing_is_changed_that_does_not_suffice_or_may_not_be(
    euros: str, dollars: str, terms: ConversionTerms | None
) -> None:
    """Too few dollars, or a broker that changes none: the order stays behind, and nothing is changed for nothing."""
    solution = solve(desk(euros, dollars, terms=terms))
    assert solution.routes.empty
    assert solution.conversions.empty


def test_nothing_is_changed_where_the_cash_is_there() -> None:
    """A conversion costs, so that it is used only where it is needed."""
    assert solve(desk("100", "1000")).conversions.empty


def test_a_conversion_that_costs_more_than_the_order_is_worth_is_not_made() -> None:
    """Its cost stands in the objective at par with the points of the order."""
    dear = replace(TERMS, fee_minimum=D(200))
    assert solve(desk("70", "1000", terms=dear)).routes.empty


@pytest.mark.parametrize(
    ("column", "value"),
    [("sold_amount", D(30)), ("bought_amount", D(31)), ("worst_rate", D(1)), ("expected_cost", D(0)), ("points", 0),
     ("sold", "GBP"), ("account", "other")],
)  # fmt: skip
def test_a_falsified_conversion_is_caught(column: str, value: object) -> None:
    """No cell of the conversions can be changed unseen."""
    given = desk("70", "1000")
    solution = solve(given)
    assert verify(given, solution) == ()
    assert verify(given, _with(solution, column, value)) != ()


def _with(solution: Solution, column: str, value: object) -> Solution:
    assert solution.allocation is not None
    table = solution.conversions.copy()
    table.at[0, column] = value
    return replace(solution, allocation=replace(solution.allocation, conversions=table))
