"""Laws of desk problems whose orders may be split, served in part, bound in baskets and kept at one broker."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from solver import Problem, Status, compile_problem, solve, verify
from tests.property.desk import QUICK, random_problem
from tests.property.test_desk_laws import check_no_pool_is_overdrawn

CHUNK = 5
CHUNKS = 12
NIGHTLY_CHUNKS = 200


def divided_problem(seed: int) -> Problem:
    """Return a random desk problem in which the seed lets orders be divided and binds them to each other."""
    rng, given = random.Random(seed), random_problem(seed)
    size = len(given.orders)
    orders = given.orders.assign(
        max_splits=[rng.choice((1, 1, 2, 3)) for _ in range(size)],
        min_fill=[rng.choice((None, None, Decimal("0.5"), Decimal("0.1"))) for _ in range(size)],
        basket=[rng.choice(("", "", "", "", "pair")) for _ in range(size)],
        same_broker=[rng.choice(("", "", "", "", "home")) for _ in range(size)],
    )
    policy = replace(
        given.policy,
        least_share=rng.choice((Fraction(1), Fraction(1), Fraction(1, 2))),
        least_value=rng.choice((Decimal(0), Decimal(500))),
        split_cost=rng.choice((Decimal(0), Decimal(1), Decimal(20))),
    )
    return replace(given, orders=orders, policy=policy)


def check_seed(seed: int) -> Counter[str]:
    """Decide a problem by three methods; return which things occurred."""
    problem = divided_problem(seed)
    eligibility = compile_problem(problem)
    seen: Counter[str] = Counter()
    objectives = {}
    for method in ("optimal", "mip", "greedy"):
        solution = solve(problem, method, QUICK, eligibility=eligibility)
        assert verify(eligibility.network, solution) == verify(problem, solution) == (), seed
        check_no_pool_is_overdrawn(problem, solution)
        routed, waiting = set(solution.routes["order_id"]), set(solution.backlog["order_id"])
        assert routed | waiting == set(problem.orders["order_id"])
        objectives[method] = (solution.objective, solution.bound, solution.status)
        children = Counter(solution.routes["order_id"])
        seen["split"] += sum(count > 1 for count in children.values())
        seen["part"] += len(routed & set(solution.backlog.loc[solution.backlog["code"] != "LOT_REMAINDER", "order_id"]))
    assert objectives["optimal"][2] == Status.OPTIMAL
    assert objectives["greedy"][0] <= objectives["optimal"][0] <= objectives["mip"][1], seed
    return seen


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_divided_orders_keep_the_laws_of_the_desk(chunk: int) -> None:
    """Every plan passes both checkers, loses nothing, overdraws nothing, and no method beats the optimum."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_seed(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(CHUNKS, CHUNKS + NIGHTLY_CHUNKS))
def test_divided_orders_keep_the_laws_of_the_desk_at_length(chunk: int) -> None:
    """The same on a thousand more problems."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_seed(seed)


def test_the_random_orders_are_divided() -> None:
    """The random problems do split orders and do serve some in part."""
    seen: Counter[str] = Counter()
    for seed in range(60):
        seen += check_seed(seed)
    assert seen["split"] > 5
    assert seen["part"] > 5
