"""What more capital would be worth: the marginal price, the true step curve, the best next deposit of each pool.

A marginal price says what the last unit is worth where orders can be cut anywhere; whole orders make the true value a
staircase, on which a small deposit may be worth nothing and a larger one a step.

References
----------
    Kim and Cho (1988): the average shadow price of an integer programme, ``max_d (v(C + d) - v(C)) / d``.
    Crema (1995): its properties. The largest ratio is found by Dinkelbach's method (1967).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver.advice.pools import Pool, entrance, weighted_value
from solver.advice.situation import Situation
from solver.advice.variation import Variation, arcs_of, best_of, lots_of
from solver.domain.amounts import MICRO, floor_scaled, from_scaled
from solver.eligibility import Eligibility
from solver.errors import ProblemError
from solver.limits import Limits
from solver.network import Network
from solver.presolve import presolve
from solver.problem import Problem
from solver.ruled import objective_of, trivial_bound
from solver.solution import Solution

PRICE_COLUMNS = ["broker", "account", "currency", "price"]
CURVE_COLUMNS = ["broker", "account", "currency", "amount", "gain", "used", "is_proven"]
BEST_COLUMNS = ["broker", "account", "currency", "amount", "amount_in_base", "gain", "per_unit", "is_proven"]

STEPS = 6
"""Points of a curve unless the caller says otherwise."""

_MOST_SCORE = 2**51
_ROUNDS = 8

Step = tuple[int, int, bool]
"""Deposit [micro-units], gain [points], whether no plan gains more with it."""


@dataclass(frozen=True, eq=False)
class CapitalValue:
    """What more capital would be worth, in weighted value.

    Attributes
    ----------
    prices : DataFrame
        ``broker, account, currency, price``: what one unit of the pool's currency is worth at the margin of the
        relaxation, a float.
    curve : DataFrame
        ``broker, account, currency, amount, gain, used, is_proven``: the weighted value that `amount` more would add,
        by re-solve; `used` is the part of it that already adds as much.
    best : DataFrame
        ``broker, account, currency, amount, amount_in_base, gain, per_unit, is_proven``: the best next deposit of each
        pool where one is worth anything, best first: the amount whose gain per unit of base currency is largest.
    """

    prices: pd.DataFrame
    curve: pd.DataFrame
    best: pd.DataFrame


def value_of_capital(
    problem: Problem,
    solution: Solution,
    *,
    steps: int | Sequence[Decimal] = STEPS,
    limits: Limits | None = None,
    eligibility: Eligibility | None = None,
    on_pool: Callable[[str, str], None] | None = None,
) -> CapitalValue:
    """Return what more capital would be worth, pool by pool.

    Parameters
    ----------
    problem, solution, eligibility
        See `solver.advice.least_deposit`.
    steps : int or sequence of Decimal
        Deposits to try at each pool [its currency]; a number: so many of those at which an order starts to fit.
    limits : Limits, optional
        Of each re-solve.
    on_pool : callable, optional
        Told the broker and the currency of each pool before it is looked at.

    Raises
    ------
    ProblemError
        If a step is not above zero.
    """
    if (isinstance(steps, int) and steps < 1) or (not isinstance(steps, int) and any(step <= 0 for step in steps)):
        raise ProblemError("advice: steps must be above zero")
    now = Situation.of(problem, solution, eligibility)
    limits = replace(limits or Limits(), gap=0.0, surplus=None)
    bound = _value(now.network, limits) if solution.bound > solution.objective else (solution.objective, 0, True)
    start = max(bound[0], solution.objective)
    prices = _prices(now, limits)
    curve: list[tuple[Any, ...]] = []
    best: list[tuple[Any, ...]] = []
    for pool in now.pools:
        name = (pool.broker, pool.account, pool.currency)
        if on_pool is not None:
            on_pool(pool.broker, pool.currency)
        grid = _grid(now, pool, steps)
        found = _curve(now, pool, grid, start, bound[2], limits)
        curve += [
            (*name, from_scaled(d, MICRO), weighted_value(gain), from_scaled(used, MICRO), proven)
            for d, (used, gain, proven) in zip(grid, found, strict=True)
        ]
        step = _best_step(now, pool, found, start, bound[2], limits)
        if step is not None:
            best.append((*name, *_ratio(pool, step)))
    best.sort(key=lambda row: -row[6])
    return CapitalValue(
        pd.DataFrame(prices, columns=PRICE_COLUMNS),
        pd.DataFrame(curve, columns=CURVE_COLUMNS, dtype=object),
        pd.DataFrame(best, columns=BEST_COLUMNS, dtype=object),
    )


def _ratio(pool: Pool, step: Step) -> tuple[Decimal, Decimal, Decimal, Decimal, bool]:
    amount, gain, proven = step
    cost, worth = pool.in_base(amount), weighted_value(gain)
    return from_scaled(amount, MICRO), cost, worth, (worth / cost).quantize(Decimal("0.000001")), proven


def _prices(now: Situation, limits: Limits) -> list[tuple[str, str, str, float]]:
    """Return the price of each pool: weighted value for one unit of its currency."""
    from solver.backends import relaxation_prices  # OR-Tools takes long to import

    if now.network.rules is None:
        small = presolve(now.network)
        prices = small.prices_of_original(relaxation_prices(small.network, limits.seconds))
    else:
        prices = relaxation_prices(now.network, limits.seconds)
    unit = float(weighted_value(MICRO))
    return [(pool.broker, pool.account, pool.currency, float(prices[pool.row]) * unit) for pool in now.pools]


def _grid(now: Situation, pool: Pool, steps: int | Sequence[Decimal]) -> list[int]:
    """Return the deposits to try at a pool, rising: where an arc that is not taken starts to fit beside the plan."""
    if not isinstance(steps, int):
        return sorted({floor_scaled(step, MICRO) for step in steps})
    network = now.network
    used = _drawn(network, now.lots, now.solution, pool.row)
    left = pool.capacity - pool.hole - used
    needs = [
        need * int(network.written_rules.lots[network.order[arc]])
        for arc in arcs_of(network, range(network.n_orders)).tolist()
        for row, need in network.entries(arc)
        if row == pool.row and need > 0 and not now.lots[arc]
    ]
    points = sorted({need - left for need in [*needs, sum(needs)] if need > left})
    if len(points) <= steps:
        return points
    return sorted({points[round(at * (len(points) - 1) / max(1, steps - 1))] for at in range(steps)})


def _curve(now: Situation, pool: Pool, grid: list[int], start: int, exact: bool, limits: Limits) -> list[Step]:
    """Return for each deposit the part of it that is used, the gain, and whether none is larger."""
    found: list[Step] = []
    most: Step = (0, 0, True)
    for amount in grid:
        network = _with(now.network, pool, amount)
        value, used, proven = _value(network, limits, pool)
        gain, part = value - start, max(0, used - (pool.capacity - pool.hole))
        # A plan for a smaller deposit is one for a larger.
        if gain <= most[1]:
            gain, part = most[1], most[0]
        most = (part, gain, proven and exact)
        found.append(most)
    return found


def _with(network: Network, pool: Pool, amount: int) -> Network:
    capacity = network.capacity.copy()
    capacity[pool.row] = pool.with_deposit(amount)
    return replace(network, capacity=capacity)


def _value(network: Network, limits: Limits, pool: Pool | None = None) -> Step:
    """Return the value of the best decision, what it draws from a pool, and whether it is proven to be the best."""
    solution = best_of(network, limits)
    drawn = 0
    if pool is not None:
        lots = lots_of(network, solution)
        drawn = _drawn(network, lots, solution, pool.row)
    return solution.objective, drawn, solution.bound == solution.objective


def _drawn(network: Network, lots: Any, solution: Solution, row: int) -> int:
    rules = network.written_rules
    columns = (network.entry_arc, network.entry_row, network.entry_need, rules.entry_fixed)
    drawn = sum(
        need * int(lots[arc]) + once
        for arc, at, need, once in zip(*(column.tolist() for column in columns), strict=True)
        if at == row and lots[arc]
    )
    units = [] if solution.supplies is None else solution.supplies.tolist()
    return int(drawn + sum(need * n for v, n in enumerate(units) for at, need in rules.supply_entries(v) if at == row))


def _best_step(now: Situation, pool: Pool, curve: list[Step], start: int, exact: bool, limits: Limits) -> Step | None:
    """Return the deposit of a pool with the largest gain per unit, from the best of its curve on.

    Dinkelbach: at the ratio so far as the price of money, the best decision either shows a better ratio or proves that
    there is none. The price is rounded down to whole points at the scale of the scores, about one part in a thousand.
    """
    steps = [step for step in curve if step[1] > 0 and step[0] > 0]
    if not steps:
        return None
    best = max(steps, key=lambda step: Fraction(step[1], step[0]))
    scale = max(1, _MOST_SCORE // max(1, trivial_bound(now.network)))
    for _ in range(_ROUNDS):
        price = best[1] * scale // best[0]
        found = _at_price(now, pool, scale, price, limits)
        if found is None:
            return (*best[:2], False)
        amount, value, proven = found
        gain = value - start
        if amount <= 0 or gain * best[0] <= best[1] * amount:
            return (*best[:2], proven and exact)
        best = (amount, gain, False)
    return best


def _at_price(now: Situation, pool: Pool, scale: int, price: int, limits: Limits) -> Step | None:
    """Return the deposit, the value of the decision and its proof where money for a pool costs `price` a micro-unit."""
    network = now.network
    case = Variation(network, np.arange(network.n_arcs), factor=scale)
    case.score = [score * scale for score in case.score]
    most = max(0, case.most_drawn(pool.row) - pool.capacity)
    supply = case.supply(most + pool.hole, price, {entrance(case, pool, most): -1})
    found = case.decide(limits)
    if found is None:
        return None
    units = found.solution.supplies
    own = network.written_rules.n_supplies
    supplies = np.zeros(own, np.int64) if units is None else units[:own]
    return found.units[supply], objective_of(network, found.lots, supplies), found.is_proven
