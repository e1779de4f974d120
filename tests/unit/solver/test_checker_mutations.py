"""No cell of a shipped plan can be falsified unseen: the checker against the demo day on which capital is scarce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import scenarios.demo
from brokers.profiles import load_profiles
from solver import Policy, Problem, Solution, Status, solve, tables, verify
from solver.domain.reason import ReasonCode
from solver.policy import DEFAULT_RULES, Cap, merged, rules_from_frame

DEMO = Path(scenarios.demo.__path__[0])
D = Decimal
Plan = tuple[Problem, Solution]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DEMO / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def plan() -> Plan:
    rules = rules_from_frame(tables.canonical(tables.ROUTING_RULES, read("routing_rules.csv")).frame)
    orders, listings = read("binding/orders.csv"), read("listings.csv")
    # What nobody orders decides nothing; without it every check is quicker.
    ordered = listings["symbol"].isin(orders["symbol"]) | listings["isin"].isin(orders["symbol"])
    day = Problem.of(
        orders,
        listings[ordered],
        read("binding/balances.csv"),
        read("binding/positions.csv"),
        quotes=read("quotes.csv"),
        rates=read("fx.csv"),
        brokers=load_profiles(),
        policy=Policy(rules=merged(DEFAULT_RULES, rules)),
    )
    return day, solve(day)


def changed(solution: Solution, table: str, at: int, cells: dict[str, Any]) -> Solution:
    """Return a solution in which some cells of one row of a table are something else."""
    assert solution.allocation is not None
    frame = getattr(solution, table).astype(object)
    for column, value in cells.items():
        frame.at[frame.index[at], column] = value
    return replace(solution, allocation=replace(solution.allocation, **{table: frame}))


def told(plan: Plan, table: str, at: int, **cells: Any) -> tuple[str, ...]:
    """Return what the checker says of a plan with falsified cells."""
    return verify(plan[0], changed(plan[1], table, at, cells))


def test_the_true_plan_passes(plan: Plan) -> None:
    """Of the real plan no clause finds anything, and every table has rows to falsify."""
    problem, solution = plan
    assert verify(problem, solution) == ()
    assert len(solution.routes) > 60
    assert len(solution.backlog) > 5
    assert len(solution.capital) > 3
    assert {"buy", "sell"} == set(solution.routes["side"])


def falsified(column: str, value: Any, others: list[Any]) -> list[Any]:
    """Return wrong values for a cell: another row's, a little more and less, twice, nothing, an unknown word."""
    wrong = [other for other in others if other is not None and other != value][:2]
    if isinstance(value, Decimal):
        wrong += [value + D("0.000001"), value - D("0.000001"), value * 2 + 1]
    elif isinstance(value, int | float):
        wrong += [value + 1, value - 1]
    elif isinstance(value, str):
        wrong += ["", "NOBODY"]
    elif value is None:
        wrong += [D(1)]
    else:
        wrong += [("NOBODY",)]
    return [each for each in wrong if each != value]


@pytest.mark.parametrize("table", ["routes", "backlog", "capital"])
def test_no_cell_can_be_falsified(plan: Plan, table: str) -> None:
    """Whichever column of whichever table is changed in some rows, to whatever, the checker says so."""
    frame = getattr(plan[1], table)
    rows = sorted({0, len(frame) // 2, len(frame) - 1})
    missed, tried = [], set()
    for column in frame.columns:
        cells = frame[column].tolist()
        for at in rows:
            for wrong in falsified(column, cells[at], cells):
                tried.add(column)
                if not told(plan, table, at, **{column: wrong}):
                    missed.append((column, at, cells[at], wrong))
    assert missed == []
    assert tried == set(frame.columns)


def place(solution: Solution, **cells: Any) -> int:
    """Return the first route with these cells."""
    fits = [all(getattr(row, name) == value for name, value in cells.items()) for row in solution.routes.itertuples()]
    return fits.index(True)


def test_a_turned_side_is_caught(plan: Plan) -> None:
    """A sell that is sent as a buy is another order."""
    at = place(plan[1], side="sell")
    assert any("identity: side is buy, not sell" in flaw for flaw in told(plan, "routes", at, side="buy"))


def test_another_instrument_is_caught(plan: Plan) -> None:
    """A route to another instrument's listing is caught, even where all of its words agree with each other."""
    at = place(plan[1], broker="alpaca", asset_type="stock_us", side="buy")
    own = plan[1].routes.iloc[at]["symbol"]
    listings = plan[0].listings
    other = listings[(listings["broker"] == "alpaca") & (listings["symbol"] != own) & (listings["mic"] == "XNAS")]
    words = {name: other.iloc[0][name] for name in ("broker_symbol", "symbol", "mic", "currency")}
    assert any(f"is not the {own}" in flaw for flaw in told(plan, "routes", at, **words))
    assert told(plan, "routes", at, broker_symbol=words["broker_symbol"])


def test_a_currency_that_the_order_does_not_accept_is_caught(plan: Plan) -> None:
    """A coin that is bought in another currency than the order names."""
    problem, solution = plan
    at = place(solution, asset_type="crypto", currency="USD")
    order = problem.orders["order_id"] == solution.routes.iloc[at]["order_id"]
    other = replace(problem, orders=problem.orders.assign(currency=problem.orders["currency"].mask(order, "EUR")))
    assert any("does not accept USD" in flaw for flaw in verify(other, solution))


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (lambda policy, _: {"most_children": {"alpaca": 1}}, "pacing: alpaca gets"),
        (lambda policy, _: {"caps": (Cap(broker="alpaca", amount=D(100)),)}, "cap: alpaca at most 100"),
        (lambda policy, _: {"caps": (Cap(asset_type="crypto", amount=D(1)),)}, "cap: crypto at most 1"),
        (lambda policy, row: {"caps": (Cap(sleeve=row.sleeve, amount=D(1)),)}, "cap: sleeve"),
        (lambda policy, row: {"sleeve_accounts": {(row.sleeve, row.broker): "X9"}}, "is bound to account X9"),
        (lambda policy, _: {"rank_step_bps": 900}, "points: "),
        (lambda policy, _: {"tier_weights": {1: policy.tier_weight(1) * 3}}, "points: "),
    ],
)
def test_a_plan_for_another_policy_is_caught(plan: Plan, change: Callable[..., dict[str, Any]], clause: str) -> None:
    """Caps, pacing, sleeves bound to accounts, quotes and points are those of the policy that is checked against."""
    problem, solution = plan
    row = solution.routes[solution.routes["side"] == "buy"].iloc[0]
    other = replace(problem, policy=replace(problem.policy, **change(problem.policy, row)))
    flaws = verify(other, solution)
    assert any(clause in flaw for flaw in flaws), flaws


def test_a_notional_above_what_was_asked_is_caught(plan: Plan) -> None:
    """A notional pays for so many lots and not for one more, nor one less."""
    problem, solution = plan
    notional = problem.orders.set_index("order_id")["notional"]
    at = next(i for i, name in enumerate(solution.routes["order_id"]) if notional[name] is not None)
    row = solution.routes.iloc[at]
    listing = problem.listings[
        (problem.listings["broker"] == row["broker"]) & (problem.listings["broker_symbol"] == row["broker_symbol"])
    ].iloc[0]
    for quantity, word in ((row["quantity"] + listing["lot"], "more than"), (row["quantity"] * 2, "more than")):
        flaws = told(plan, "routes", at, quantity=quantity)
        assert any(f"is {word} the notional" in flaw for flaw in flaws), flaws
    assert any("leaves a lot" in flaw for flaw in told(plan, "routes", at, quantity=row["quantity"] - listing["lot"]))


def test_the_objective_is_that_of_the_routes(plan: Plan) -> None:
    """Objective and bound doubled alike, and an optimum that is none."""
    problem, solution = plan
    twice = replace(solution, objective=solution.objective * 2, bound=solution.bound * 2)
    assert any("objective: the routes score" in flaw for flaw in verify(problem, twice))
    assert solution.status == Status.OPTIMAL
    assert any("status: optimal" in flaw for flaw in verify(problem, replace(solution, bound=solution.bound + 1)))


def test_falsified_choices_are_caught(plan: Plan) -> None:
    """The choice tells the same orders as the routes."""
    problem, solution = plan
    assert any("disagree on" in flaw for flaw in verify(problem, replace(solution, choice=solution.choice * 0 - 1)))
    assert any("choice has" in flaw for flaw in verify(problem, replace(solution, choice=solution.choice[:3])))


def test_every_code_of_the_backlog_can_be_falsified_to_none(plan: Plan) -> None:
    """No code of the closed list passes in place of the true one, nor a word that is not in it."""
    backlog = plan[1].backlog
    for row in backlog.drop_duplicates("code").itertuples():
        for code in (*ReasonCode, "BECAUSE"):
            if code != row.code:
                at = backlog.index.get_loc(row.Index)
                assert told(plan, "backlog", at, code=str(code)), (row.order_id, row.code, code)


def test_a_shortage_that_is_none_is_caught(plan: Plan) -> None:
    """Numbers that agree with the reasons too, but not with the order or the pools."""
    problem, solution = plan
    at = next(i for i, code in enumerate(solution.backlog["code"]) if code.startswith("CAPITAL"))
    row = solution.backlog.iloc[at]
    for column, cells in (
        ("needed", {"needed": row["needed"] + 1, "missing": row["missing"] + 1}),
        ("available", {"available": row["available"] - 1, "missing": row["missing"] + 1}),
        ("needed", {"needed": row["available"], "missing": D(0)}),
    ):
        reasons = solution.reasons.copy()
        same = (reasons["order_id"] == row["order_id"]) & (reasons["broker"] == row["broker"])
        reasons.loc[same, column] = cells[column]
        assert solution.allocation is not None
        both = replace(solution, allocation=replace(solution.allocation, reasons=reasons))
        flaws = verify(problem, changed(both, "backlog", at, cells))
        assert flaws
        assert not any("none of the order's reasons" in flaw for flaw in flaws)


def test_strangers_and_doubles_in_the_tables_are_caught(plan: Plan) -> None:
    """An order that nobody gave, a row that stands twice, a pool that nobody has, a row that is missing."""
    problem, solution = plan
    allocation = solution.allocation
    assert allocation is not None
    for table in ("backlog", "capital", "routes"):
        frame = getattr(solution, table)
        stranger = frame.iloc[:1].assign(**{"order_id" if "order_id" in frame else "account": "NOBODY"})
        for wrong in (pd.concat([frame, frame.iloc[:1]]), pd.concat([frame, stranger]), frame.iloc[1:]):
            assert verify(problem, replace(solution, allocation=replace(allocation, **{table: wrong})))


def test_a_remainder_that_is_not_told_is_caught(plan: Plan) -> None:
    """What lots leave of an order is lost if the backlog is silent on it."""
    problem, solution = plan
    at = next(
        i
        for i, row in enumerate(solution.routes.itertuples())
        if problem.orders.set_index("order_id").at[row.order_id, "quantity"] is not None
    )
    name = solution.routes.iloc[at]["order_id"]
    asked = problem.orders.copy()
    asked.loc[asked["order_id"] == name, "quantity"] += D("0.000000000001")
    assert any(f"0.000000000001 of {name} is lost" in flaw for flaw in verify(replace(problem, orders=asked), solution))
