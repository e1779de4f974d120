"""The pools of capital, and money that comes into them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from solver.advice.variation import Variation
from solver.domain.amounts import MICRO, PICO, floor_difference, from_scaled
from solver.eligibility import Eligibility
from solver.network import RowKind
from solver.problem import Problem

MOST_COST = 2**52
"""Largest sum that the cost of money may reach; back-ends carry it exactly."""

POINTS_PER_UNIT = 100
"""Points of one unit of base currency that is routed to its first choice at weight one."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of capital.

    Attributes
    ----------
    row : int
        Its row of the network.
    broker, account, currency : str
    capacity : int
        What may be spent now [micro-units].
    hole : int
        What has to come in before anything more may be spent: a reserve or an overdraft above the cash [micro-units].
    rate : int
        Base currency of one unit [pico-units].
    """

    row: int
    broker: str
    account: str
    currency: str
    capacity: int
    hole: int
    rate: int

    def with_deposit(self, amount: int) -> int:
        """Return the capacity with `amount` micro-units more cash."""
        return max(0, self.capacity - self.hole + amount)

    def in_base(self, amount: int) -> Decimal:
        """Return `amount` micro-units in base currency, exactly."""
        return from_scaled(amount * self.rate, MICRO * PICO)


def pools_of(problem: Problem, eligibility: Eligibility) -> list[Pool]:
    """Return the pools that an arc could draw on, in the order of the rows."""
    arcs, network = eligibility.arcs, eligibility.network
    rates = dict(zip(arcs["currency"], arcs["rate"], strict=True))
    drawn = set(network.entry_row.tolist())
    cash = {
        (row.broker, row.account, row.currency): (row.cash if row.settled is None else min(row.cash, row.settled), row)
        for row in problem.balances.itertuples(index=False)
    }
    found = []
    for at, row in enumerate(eligibility.rows.itertuples(index=False)):
        if row.kind != RowKind.CAPITAL or at not in drawn:
            continue
        usable, balance = cash.get((row.broker, row.account, row.currency), (Decimal(0), None))
        reserve = Decimal(0) if balance is None else balance.reserve or Decimal(0)
        hole = max(0, -floor_difference(usable, reserve, MICRO))
        capacity, rate = int(network.capacity[at]), int(rates[row.currency])
        found.append(Pool(at, row.broker, row.account, row.currency, capacity, hole, rate))
    return found


def entrance(case: Variation, pool: Pool, most: int) -> int:
    """Return the row into which money for a pool is brought: its hole is filled first, then it may be spent.

    Parameters
    ----------
    case : Variation
    pool : Pool
    most : int
        Most that is worth bringing beyond the hole [micro-units].
    """
    if not pool.hole:
        return pool.row
    arrived, filled = case.row(), case.row()
    case.supply(most, 0, {arrived: 1, filled: 1, pool.row: -1})
    case.supply(1, 0, {arrived: pool.hole, filled: -most})
    return arrived


def whole_rates(pools: Sequence[Pool], most: Sequence[int]) -> list[int]:
    """Return the rates of pools to one another as integers, with as many digits as their sums can carry.

    Parameters
    ----------
    pools : sequence of Pool
    most : sequence of int
        Most that each could cost money for [micro-units].
    """
    if not pools:
        return []
    common = math.gcd(*(pool.rate for pool in pools))
    rates = [pool.rate // common for pool in pools]
    total = sum(rate * amount for rate, amount in zip(rates, most, strict=True))
    step = max(1, -(-total // MOST_COST))
    # A rate that were rounded to nothing would make money in that currency free.
    return [max(1, (2 * rate + step) // (2 * step)) for rate in rates]


def weighted_value(points: int) -> Decimal:
    """Return points as money: what they would be worth in base currency at first choice and weight one."""
    return from_scaled(points, POINTS_PER_UNIT)
