"""Orders that are split over brokers or served in part, on the smallest tables that show it."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from solver import Policy, solve, verify
from solver.domain.fees import FeeSchedule
from tests.unit.solver.test_desk_rules import BOTH, codes, order, problem

D = Decimal


def carried(solution, order_id: str) -> dict[str, Decimal]:
    """Return the quantity of an order at each broker."""
    rows = solution.routes[solution.routes["order_id"] == order_id]
    return dict(zip(rows["broker"], rows["quantity"], strict=True))


def test_an_order_that_fits_nowhere_whole_is_split_where_it_may_be() -> None:
    """With two children allowed it is served at both brokers, all of it; with one it stays behind."""
    cash = {"one": "700", "two": "400"}
    split = solve(problem([order("a", "AA", 100, max_splits="2")], cash))
    assert carried(split, "a") == {"one": D(70), "two": D(30)}
    assert list(split.backlog["order_id"]) == []
    whole = solve(problem([order("a", "AA", 100)], cash))
    assert whole.routes.empty
    assert set(codes(whole, "a").values()) == {"CAPITAL_INSUFFICIENT"}


def test_a_split_has_to_be_worth_its_cost() -> None:
    """An order that fits whole at its second choice is split only if the first choice's part gains more than a child
    costs.
    """
    cash = {"one": "900", "two": "2000"}
    given = problem([order("a", "AA", 100, max_splits="2")], cash)
    assert carried(solve(given), "a") == {"one": D(90), "two": D(10)}
    dear = replace(given, policy=replace(given.policy, split_cost=D(10)))
    assert carried(solve(dear), "a") == {"two": D(100)}


def test_an_order_may_be_served_in_part() -> None:
    """What is left is told with what it needs; below its least share an order is not served at all."""
    cash = {"one": "700", "two": "0"}
    served = solve(problem([order("a", "AA", 100, min_fill="0.6")], cash, least_value=D(0)))
    assert carried(served, "a") == {"one": D(70)}
    (left,) = served.backlog.itertuples()
    assert (left.quantity, left.value, left.code) == (D(30), D(300), "CAPITAL_INSUFFICIENT")
    less = solve(problem([order("a", "AA", 100, min_fill="0.8")], cash, least_value=D(0)))
    assert less.routes.empty


def test_the_policy_may_allow_parts_of_a_least_value() -> None:
    """A part below the policy's least value is not sent."""
    cash = {"one": "700", "two": "0"}
    orders = [order("a", "AA", 100)]
    assert len(solve(problem(orders, cash, least_share=Fraction(1, 2), least_value=D(500))).routes) == 1
    assert solve(problem(orders, cash, least_share=Fraction(1, 2), least_value=D(701))).routes.empty


def test_a_sell_larger_than_any_holding_is_split_over_the_holders() -> None:
    """Nobody has to allow it: the position is where it is."""
    solution = solve(problem([order("s", "AA", 100, "sell")], {"one": "0"}, held={"one": "60", "two": "50"}))
    assert sum(carried(solution, "s").values()) == 100
    assert set(carried(solution, "s")) == {"one", "two"}


def test_every_child_pays_its_own_least_fee() -> None:
    """The requirement of each child has its own minimum commission, and the pools hold them."""
    given = problem([order("a", "AA", 100, max_splits="2")], {"one": "705", "two": "400"})
    fee = FeeSchedule(rate_bps=D(10), minimum=D(5), source="test")
    brokers = {name: replace(each, fees={("stock_us", "EUR"): fee}) for name, each in given.brokers.items()}
    solution = solve(replace(given, brokers=brokers))
    needs = dict(zip(solution.routes["broker"], solution.routes["required_capital"], strict=True))
    assert carried(solution, "a") == {"one": D(70), "two": D(30)}
    assert needs == {"one": D(705), "two": D(305)}


@pytest.mark.parametrize("seed", range(3))
def test_a_notional_is_split_by_value(seed: int) -> None:
    """The children of a notional together buy no more than it pays for."""
    cash = {"one": str(4000 + 37 * seed), "two": "9000"}
    asked = {**order("n", "AA", 1, max_splits="2"), "quantity": "", "notional": "10000"}
    solution = solve(problem([asked], cash))
    assert len(solution.routes) == 2
    spent = sum(solution.routes["required_capital"])
    assert 9_900 < spent <= 10_000


def test_a_plan_with_parts_passes_the_checker() -> None:
    """The independent checker accepts split and partly served orders, and sees a falsified part."""
    orders = [order("a", "AA", 100, max_splits="2"), order("b", "BB", 80, min_fill="0.5")]
    given = problem(orders, {"one": "700", "two": "900"}, least_value=D(0))
    solution = solve(given)
    assert verify(given, solution) == ()
    assert solution.allocation is not None
    routes = solution.routes.copy()
    routes.at[0, "quantity"] = routes.at[0, "quantity"] + 1
    false = replace(solution, allocation=replace(solution.allocation, routes=routes))
    assert verify(given, false) != ()


def test_more_freedom_never_makes_a_plan_worse() -> None:
    """Letting an order be split or served in part keeps every plan that was possible before."""
    cash = {"one": "700", "two": "900"}
    plain = [order("a", "AA", 65), order("b", "BB", 80), order("c", "CC", 15)]
    free = [{**each, "max_splits": "2", "min_fill": "0.3"} for each in plain]
    assert Policy(rules=BOTH).least_value == 500
    assert solve(problem(free, cash)).objective >= solve(problem(plain, cash)).objective


@pytest.mark.parametrize(
    ("quantity", "held", "priority"),
    [(100, ("67", "33"), "5"), (100, ("60", "40"), "1"), (2, ("1", "1"), "1"), (1000, ("501", "499"), "1")],
)
def test_a_scattered_sell_is_cut_as_finely_as_it_is_held(quantity: int, held: tuple[str, str], priority: str) -> None:
    """Where the holders have just enough together, all of it is sold."""
    given = problem(
        [order("s", "AA", quantity, "sell", priority=priority)],
        {"one": "0"},
        held={"one": held[0], "two": held[1]},
    )
    solution = solve(given)
    assert carried(solution, "s") == {"one": D(held[0]), "two": D(held[1])}
    assert solution.backlog.empty


def test_a_place_that_takes_parts_only_counts_in_the_ranks() -> None:
    """A first choice whose largest order is smaller than the order is not forgotten by the checker."""
    given = problem([order("a", "AA", 1000, min_fill="0.5")], {"one": "20000", "two": "20000"})
    one = given.listings["broker"] == "one"
    given = replace(given, listings=given.listings.assign(max_quantity=[D(900) if own else None for own in one]))
    solution = solve(given)
    assert verify(given, solution) == ()
    assert carried(solution, "a") == {"two": D(1000)}


def test_a_group_torn_by_a_split_is_caught() -> None:
    """A split order at two brokers tears its group, whichever of its children is told last."""
    orders = [order("a", "AA", 100, max_splits="2", same_broker="g"), order("b", "BB", 10, same_broker="g")]
    free = problem([{**each, "same_broker": ""} for each in orders], {"one": "700", "two": "500"})
    bound = problem(orders, {"one": "700", "two": "500"})
    solution = solve(free)
    assert len(carried(solution, "a")) == 2
    assert any("group g" in flaw for flaw in verify(bound, solution))
