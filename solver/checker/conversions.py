"""Whether the currency that is changed may be, and takes and costs what the broker's terms say."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil, floor
from typing import Any

from solver import cost
from solver.checker.figures import POINT
from solver.checker.world import World
from solver.domain.amounts import MICRO, PICO, exact_scaled, from_scaled
from solver.solution import Solution

Pool = tuple[str, str, str]
"""Broker, account and currency."""

MOST_BLOCKS = 10_000
"""Most blocks of a conversion: each may be rounded up by a unit."""


def conversions(world: World, solution: Solution) -> tuple[Counter[Pool], list[str]]:
    """(4) Return what conversions take from each pool, negative where they bring [micro-units], and what is wrong."""
    taken, found = Counter[Pool](), []
    for row in solution.conversions.itertuples(index=False):
        taken[row.broker, row.account, row.sold] += ceil(Fraction(row.sold_amount) * MICRO)
        taken[row.broker, row.account, row.bought] -= floor(Fraction(row.bought_amount) * MICRO)
        found += [f"conversion: {row.sold} to {row.bought} at {row.broker}: {flaw}" for flaw in _flaws(world, row)]
    pairs = Counter((row.broker, row.account, row.sold, row.bought) for row in solution.conversions.itertuples())
    found += [f"conversion: {'/'.join(pair)} stands {times} times" for pair, times in pairs.items() if times > 1]
    return taken, found


def conversion_points(solution: Solution) -> int:
    """Return what the conversions take off the objective."""
    return sum(int(points) for points in solution.conversions["points"])


def _flaws(world: World, row: Any) -> list[str]:
    broker = world.problem.brokers.get(row.broker)
    terms = None if broker is None else broker.conversion
    if terms is None or row.sold == row.bought or not {row.sold, row.bought} <= terms.currencies:
        return ["the broker does not change one into the other"]
    if row.account not in world.accounts[row.broker]:
        return [f"the broker has no account {row.account}"]
    sold_rate, bought_rate = world.rates.get(row.sold, 0), world.rates.get(row.bought, 0)
    if not sold_rate or not bought_rate or not world.rates.get(terms.fee_currency):
        return ["a rate is missing"]
    try:
        bought, sold = exact_scaled(row.bought_amount, MICRO), exact_scaled(row.sold_amount, MICRO)
    except ValueError:
        return ["an amount has more decimals than are counted"]
    least = cost.conversion_fee_minimum(terms, world.rates[terms.fee_currency], sold_rate)
    right = int(cost.converted_at_worst(terms, bought, sold_rate, bought_rate)) + least
    found = []
    if bought <= 0 or not right <= sold <= right + MOST_BLOCKS:
        found.append(f"{row.bought_amount} take {from_scaled(right, MICRO)} at worst, not {row.sold_amount}")
    worst = int(cost.converted_at_worst(terms, MICRO * MICRO, sold_rate, bought_rate))
    if row.worst_rate != from_scaled(worst, MICRO * MICRO):
        found.append(f"the worst rate is {from_scaled(worst, MICRO * MICRO)}, not {row.worst_rate}")
    expected = int(cost.expected_conversion_cost(terms, bought * bought_rate // PICO)) + least * sold_rate // PICO
    if row.expected_cost != from_scaled(expected, MICRO):
        found.append(f"the expected cost is {from_scaled(expected, MICRO)}, not {row.expected_cost}")
    points = ceil(expected * world.problem.policy.cost_weight / POINT)
    if not points <= row.points <= points + MOST_BLOCKS:
        found.append(f"its cost is {points} points, not {row.points}")
    return found
