"""Laws of every desk problem: nothing lost, nothing overdrawn, one reason for everything that is not done."""

from __future__ import annotations

import math
from collections import Counter
from decimal import ROUND_DOWN, Decimal

import numpy as np
import pandas as pd
import pytest

from solver import METHODS, Problem, Solution, Status, compile_problem, solve, verify
from tests.property.desk import QUICK, optimum_of, random_problem

CHUNK = 5
CHUNKS = 12
NIGHTLY_CHUNKS = 400
BRUTE_FORCE_CHOICES = 60_000
MICRO = Decimal("0.000001")


def check_all_methods(seed: int) -> None:
    problem = random_problem(seed)
    eligibility = compile_problem(problem)
    network, best = eligibility.network, None
    options = 1 + np.bincount(network.order, minlength=network.n_orders)
    if math.prod(options.tolist()) <= BRUTE_FORCE_CHOICES:
        best = optimum_of(network)
    for method in METHODS:
        solution = solve(problem, method, QUICK, eligibility=eligibility)
        assert verify(network, solution) == verify(problem, solution) == ()
        check_nothing_is_lost(problem, solution)
        check_no_pool_is_overdrawn(problem, solution)
        check_one_reason_each(problem, solution)
        check_shortages(problem, solution)
        if best is not None:
            assert solution.objective <= best <= solution.bound
        if method in ("optimal", "mip"):
            assert solution.status == Status.OPTIMAL
            assert best in (None, solution.objective)


def check_nothing_is_lost(problem: Problem, solution: Solution) -> None:
    """Every order is routed once, or in the backlog with a code and a sentence; only a remainder is in both."""
    routed = Counter(solution.routes["order_id"])
    whole = solution.backlog[solution.backlog["code"] != "LOT_REMAINDER"]
    waiting = Counter(whole["order_id"])
    assert routed + waiting == Counter(problem.orders["order_id"])
    rest = solution.backlog[solution.backlog["code"] == "LOT_REMAINDER"]
    assert set(rest["order_id"]) <= set(routed)
    assert all(solution.backlog["code"])
    assert all(solution.backlog["sentence"])
    asked = problem.orders.set_index("order_id")["quantity"]
    got = solution.routes.set_index("order_id")["quantity"]
    notionals = problem.orders.set_index("order_id")["notional"]
    for order_id, left, over in zip(rest["order_id"], rest["quantity"], rest["notional"], strict=True):
        if left is None:
            assert 0 < over < notionals[order_id]
        else:
            assert got[order_id] + left == asked[order_id]


def check_no_pool_is_overdrawn(problem: Problem, solution: Solution) -> None:
    """What the buys of a pool require is at most its settled cash less its reserve."""
    drawn: Counter[tuple[str, str, str]] = Counter()
    for route in solution.routes[solution.routes["side"] == "buy"].itertuples():
        drawn[route.broker, route.account, route.currency] += route.required_capital
        assert route.required_capital > 0
    for row in problem.balances.itertuples():
        usable = min(row.cash, row.cash if row.settled is None else row.settled) - (row.reserve or 0)
        assert drawn.pop((row.broker, row.account, row.currency), Decimal(0)) <= max(usable, Decimal(0))
    assert not drawn


def check_one_reason_each(problem: Problem, solution: Solution) -> None:
    """Every order and broker that does not get it has exactly one reason; an unknown symbol has one in all."""
    unknown = {
        order_id
        for order_id, key in zip(problem.orders["order_id"], problem.instruments["instrument"], strict=True)
        if not key
    }
    routed = dict(zip(solution.routes["order_id"], solution.routes["broker"], strict=True))
    expected = Counter(
        (order_id, broker)
        for order_id in problem.orders["order_id"]
        for broker in problem.brokers
        if order_id not in unknown and routed.get(order_id) != broker
    )
    expected.update((order_id, "") for order_id in unknown)
    assert Counter(zip(solution.reasons["order_id"], solution.reasons["broker"], strict=True)) == expected
    if solution.status == Status.OPTIMAL:
        assert "UNPROVEN" not in set(solution.reasons["code"])


def check_shortages(problem: Problem, solution: Solution) -> None:
    """CAPITAL_INSUFFICIENT only where it does not fit even alone; CAPITAL_CONTENTION only where it would."""
    capacity: dict[tuple[str, str], list[Decimal]] = {}
    for row in solution.capital.itertuples():
        capacity.setdefault((row.broker, row.currency), []).append(row.capacity)
    short = solution.reasons["code"].isin(["CAPITAL_INSUFFICIENT", "CAPITAL_CONTENTION"])
    for reason in solution.reasons[short].itertuples():
        pools = capacity[reason.broker, reason.unit]
        assert reason.needed > reason.available
        if reason.code == "CAPITAL_INSUFFICIENT":
            assert reason.available.quantize(MICRO, ROUND_DOWN) in pools
            assert reason.needed > min(pools)
        else:
            assert reason.needed <= max(pools)
            assert reason.lost_to


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_method_keeps_the_laws_of_the_desk(chunk: int) -> None:
    """Every plan passes the checker, loses nothing, overdraws nothing, explains everything; the best is the best."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_all_methods(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(CHUNKS, CHUNKS + NIGHTLY_CHUNKS))
def test_every_method_keeps_the_laws_of_the_desk_at_length(chunk: int) -> None:
    """The same on two thousand more problems."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_all_methods(seed)


def test_the_random_desks_are_worth_deciding() -> None:
    """The random problems route, refuse and contend: most reasons of the closed list occur."""
    codes: Counter[str] = Counter()
    routed = 0
    for seed in range(24):
        solution = solve(random_problem(seed), "greedy")
        codes.update(solution.reasons["code"])
        routed += len(solution.routes)
    assert routed > 30
    assert len(codes) >= 13
    assert codes["CAPITAL_CONTENTION"] > 0


def test_the_same_problem_gives_the_same_plan() -> None:
    """The same input twice gives the same tables, cell by cell."""
    for seed in range(6):
        first, second = (solve(random_problem(seed)) for _ in range(2))
        for table in ("routes", "backlog", "capital", "reasons"):
            pd.testing.assert_frame_equal(getattr(first, table), getattr(second, table))


def test_the_problem_is_not_changed() -> None:
    """Deciding leaves every table of the problem as it was."""
    for seed in range(8):
        problem, untouched = random_problem(seed), random_problem(seed)
        solve(problem)
        for table in ("orders", "listings", "balances", "positions", "quotes", "rates", "instruments"):
            pd.testing.assert_frame_equal(getattr(problem, table), getattr(untouched, table))
