"""Step 9, decide: from tables to a plan that can be shown, compared and executed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from brokers.profiles import load_profiles
from scenarios.mode import Mode
from solver import (
    Broker,
    Limits,
    Policy,
    Problem,
    Solution,
    SolverError,
    compile_problem,
    solve,
    solve_network,
    verify,
)
from solver.children import children_of
from solver.domain.amounts import MICRO, from_scaled
from solver.eligibility import Eligibility
from solver.problem import BASE_CURRENCY, permissive_broker

BASELINES = {
    "greedy": "the desk's greedy",
    "greedy-priority": "greedy by priority",
    "greedy-density": "greedy by value density",
    "greedy-regret": "greedy by regret",
}
"""The baselines that stand beside every plan."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A decision with what it was decided on; nothing is sent or stored yet.

    Attributes
    ----------
    plan_id : str
        Sixteen hexadecimal digits, a function of the batch and the decision alone.
    batch_id : str
        Sixteen hexadecimal digits, a function of the orders alone.
    mode : Mode
    problem : Problem
    solution : Solution
    baselines : DataFrame
        One row a method, this plan's first: ``method, title, orders, value, points, gap, seconds``; value is routed
        value in base currency, as Decimal; the gap is to the least bound that any of the methods proved.
    """

    plan_id: str
    batch_id: str
    mode: Mode
    problem: Problem
    solution: Solution
    baselines: pd.DataFrame

    def __repr__(self) -> str:
        routed = self.solution.routes["order_id"].nunique()
        return (
            f"Plan({self.plan_id}, {self.mode}, {routed} of {len(self.problem.orders)} orders routed, "
            f"{self.solution.status}, gap {self.solution.gap:.2e})"
        )

    def _repr_html_(self) -> str:
        return f"<p><b>Plan {self.plan_id}</b> &mdash; {self.mode}</p>{self.solution._repr_html_()}"


def plan(
    orders: pd.DataFrame,
    listings: pd.DataFrame,
    balances: pd.DataFrame,
    positions: pd.DataFrame | None = None,
    *,
    quotes: pd.DataFrame | None = None,
    rates: pd.DataFrame | None = None,
    brokers: Mapping[str, Broker] | None = None,
    policy: Policy | None = None,
    base_currency: str = BASE_CURRENCY,
    method: str = "optimal",
    limits: Limits | None = None,
    mode: Mode = Mode.SIMULATED,
    compare: bool = True,
) -> Plan:
    """Decide a batch: step 9, callable on its own.

    Parameters
    ----------
    orders, listings, balances, positions, quotes, rates : DataFrame
        Input tables, see `solver.tables`. Missing positions, quotes or rates are empty.
    brokers : mapping of str to Broker, optional
        Order rules and fees; the shipped profiles if not given, and none for a broker that they do not know.
    policy : Policy, optional
    base_currency : str
    method, limits
        See `solver.solve_network`.
    mode : Mode
        What is written on the plan.
    compare : bool
        Decide with the baselines too.

    Returns
    -------
    Plan
        ``plan.solution.routes``, ``.backlog``, ``.capital`` and ``.reasons`` are the output tables, see
        `solver.domain.allocation.Allocation`.

    Raises
    ------
    ProblemError
        With every problem of the input.
    """
    problem = Problem.of(
        orders,
        listings,
        balances,
        positions,
        quotes=quotes,
        rates=rates,
        brokers=brokers or _shipped_profiles(listings),
        policy=policy,
        base_currency=base_currency,
    )
    return plan_problem(problem, method=method, limits=limits, mode=mode, compare=compare)


def plan_problem(
    problem: Problem,
    *,
    method: str = "optimal",
    limits: Limits | None = None,
    mode: Mode = Mode.SIMULATED,
    compare: bool = True,
) -> Plan:
    """Decide a problem that was built before; see `plan`."""
    eligibility = compile_problem(problem)
    solution = solve(problem, method, limits, eligibility=eligibility)
    others = [name for name in BASELINES if name != method] if compare else []
    solutions = {method: solution, **{name: _baseline(eligibility, name, limits) for name in others}}
    batch_id = _digest(problem.orders.to_csv(index=False))
    decided = solution.routes[["order_id", "broker", "account", "broker_symbol", "quantity", "limit_price"]]
    plan_id = _digest(batch_id + decided.to_csv(index=False))
    return Plan(plan_id, batch_id, mode, problem, solution, _comparison(problem, eligibility, solutions))


def _baseline(eligibility: Eligibility, method: str, limits: Limits | None) -> Solution:
    """Return what a baseline decides, checked, without the tables and sentences that nobody would read."""
    solution = solve_network(eligibility.network, method, limits)
    if violations := verify(eligibility.network, solution):
        raise SolverError(f"{method} violates the rules of the network: " + "; ".join(violations[:5]))
    return solution


def _shipped_profiles(listings: pd.DataFrame) -> dict[str, Broker]:
    """Return the shipped profiles, and a broker without rules or fees for every other name in the listings."""
    named = listings["broker"].unique() if "broker" in listings else ()
    others = {str(name): permissive_broker(str(name)) for name in named}
    return {**others, **load_profiles()}


def _comparison(problem: Problem, eligibility: Eligibility, solutions: Mapping[str, Solution]) -> pd.DataFrame:
    rows = []
    # A bound holds for every method: beside a proven optimum a greedy is not held against its own, weaker one.
    least = min(solution.bound for solution in solutions.values())
    for name, solution in solutions.items():
        children = children_of(problem, eligibility, solution)
        value = from_scaled(sum(children["value"].tolist()), MICRO)
        title = BASELINES.get(name, "this plan")
        gap = replace(solution, bound=least).gap
        rows.append((name, title, children["order"].nunique(), value, solution.objective, gap, solution.seconds))
    return pd.DataFrame(rows, columns=["method", "title", "orders", "value", "points", "gap", "seconds"])


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:16]
