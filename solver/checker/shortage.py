"""Whether the numbers of a reason are right: what is needed, what there is, what is missing, who has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solver import cost
from solver.checker.capital import usable_capital
from solver.checker.limits import sold_quantities
from solver.checker.parts import MOST_LOTS
from solver.checker.world import World
from solver.domain.amounts import MICRO, PICO
from solver.domain.order import Side
from solver.domain.reason import ReasonCode
from solver.solution import Solution

SHORTAGES = (ReasonCode.CAPITAL_INSUFFICIENT, ReasonCode.CAPITAL_CONTENTION, ReasonCode.INSUFFICIENT_POSITION)
"""Codes that owe the numbers: more is needed than there is."""

CLOSE = Fraction(1, 10**24)
"""Relative error of figures that the reasons hold as decimals of 28 digits."""


class Shortages:
    """What the numbers of a reason rest on after a decision: capital, holdings, and who went where."""

    def __init__(self, world: World, solution: Solution) -> None:
        self._world = world
        self._usable = usable_capital(world)
        self._held, self._sold = world.held, sold_quantities(solution)
        self._routed = set(zip(solution.routes["order_id"], solution.routes["broker"], strict=True))
        self._left: defaultdict[tuple[str, str], list[Fraction]] = defaultdict(list)
        for pool in solution.capital.itertuples(index=False):
            self._left[pool.broker, pool.currency].append(Fraction(pool.left))
        self._own: defaultdict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        for route in solution.routes.itertuples(index=False):
            self._own[route.order_id, route.broker, route.currency] += Fraction(route.required_capital)
        self._set_aside = _set_aside(world, solution)

    def flaws(self, order: Any, row: Any) -> list[str]:
        """Return what is wrong with the numbers of a backlog row."""
        found = [f"reason: lost to {name}, not there" for name in row.lost_to if (name, row.broker) not in self._routed]
        if row.needed is None or row.available is None:
            bare = row.missing is None and row.code not in SHORTAGES
            return found if bare else [*found, f"reason: {row.code} lacks its numbers"]
        needed = Fraction(row.needed)
        missing = max(needed - Fraction(row.available), Fraction(0))
        if row.missing is None or not _one_of(row.missing, [missing], needed):
            found.append(f"reason: {row.missing} missing of {row.needed} with {row.available}")
        if row.code in SHORTAGES and not missing:
            found.append(f"reason: {row.code}, while {row.needed} is needed and {row.available} there")
        if row.code == ReasonCode.INSUFFICIENT_POSITION:
            return found + self._position(order, row)
        return found + self._capital(order, row) if row.code in SHORTAGES else found

    def _capital(self, order: Any, row: Any) -> list[str]:
        """(4) Compare the requirement and the pool: all of it for what does not fit alone, else what others leave."""
        offers = [each for each in self._world.offers(order) if (each.broker, each.currency) == (row.broker, row.unit)]
        needs = [Fraction(_requirement(self._world, order, each), MICRO) for each in offers]
        most = [
            need + Fraction(_fee(self._world, order, each), MICRO) for need, each in zip(needs, offers, strict=True)
        ]
        right = _one_of(row.needed, needs) or self._part(order, row.needed, most)
        found = [] if right else [f"reason: no child at {row.broker} needs {row.needed} {row.unit}"]
        # What an order's own children hold is there for it.
        pools = [left + self._own[order.order_id, row.broker, row.unit] for left in self._left[row.broker, row.unit]]
        if row.code == ReasonCode.CAPITAL_INSUFFICIENT:
            accounts = self._world.accounts.get(row.broker, ())
            pools = [Fraction(self._usable[row.broker, account, row.unit], MICRO) for account in accounts]
        loose = self._set_aside[row.broker, row.unit]
        near = any(left - loose <= row.available <= left for left in pools)
        if not near and not _one_of(row.available, pools, sum(pools, Fraction(0))):
            found.append(f"reason: {row.code} with {row.available} {row.unit}, which no pool of {row.broker} has")
        return found

    def _part(self, order: Any, amount: Decimal, most: list[Fraction]) -> bool:
        """Return whether an amount can be that of a part of an order that may be divided."""
        if not most or not self._world.may_divide(order):
            return False
        return Fraction(0) < Fraction(amount) <= max(most) + Fraction(MOST_LOTS, MICRO)

    def _asked(self, order: Any, listing: Any) -> Fraction:
        return Fraction(self._world.asked(order, listing), PICO)

    def _position(self, order: Any, row: Any) -> list[str]:
        """(5) Compare the quantity, and the holding: all of it, or what other sells leave of it."""
        offers = [each for each in self._world.offers(order) if each.broker == row.broker]
        children = [Fraction(self._world.child(order, each), PICO) for each in offers]
        right = _one_of(row.needed, children) or self._part(
            order, row.needed, [self._asked(order, each) for each in offers]
        )
        found = [] if right else [f"reason: no child at {row.broker} sells {row.needed}"]
        left = []
        for account in self._world.accounts.get(row.broker, ()):
            where = (row.broker, account, self._world.meant[order.order_id].instrument)
            whole = max(self._held[where], 0)
            left += [Fraction(whole, PICO), Fraction(whole - self._sold[where], PICO)]
        loose = self._set_aside[row.broker, row.unit]
        near = any(each - loose <= row.available <= each for each in left)
        if not near and not _one_of(row.available, left, sum(left, Fraction(0))):
            found.append(f"reason: {row.available} {row.unit} held, which no account of {row.broker} has left")
        return found


def _set_aside(world: World, solution: Solution) -> defaultdict[tuple[str, str], Fraction]:
    """Return what parts may have set aside beyond what they need, by broker and by currency or instrument sold.

    The fee at full size, a step of the quantity, and a micro-unit for every lot.
    """
    found: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for route in solution.routes.itertuples(index=False):
        order, listing = world.orders.get(route.order_id), world.listings.get((route.broker, route.broker_symbol))
        if order is None or listing is None or not world.may_divide(order):
            continue
        step = Fraction(world.step(order, listing), PICO)
        money = Fraction(_fee(world, order, listing) + MOST_LOTS, MICRO)
        found[route.broker, route.currency] += money + step * Fraction(world.bound(order, listing), PICO)
        found[route.broker, route.symbol] += step + Fraction(MOST_LOTS, PICO)
    return found


def _fee(world: World, order: Any, listing: Any) -> int:
    """Return the commission of all that an order asks for, at its price bound [micro-units]."""
    schedule = world.fees(order, listing)
    asked, bound = world.asked(order, listing), world.bound(order, listing)
    return int(cost.commission_micro(schedule, asked, bound, order.side == Side.SELL))


def _requirement(world: World, order: Any, listing: Any) -> int:
    """Return the capital that an order would draw there [micro-units]."""
    schedule = world.fees(order, listing)
    child, bound = world.child(order, listing), world.bound(order, listing)
    return int(cost.required_capital(schedule, child, bound, order.side == Side.SELL))


def _one_of(amount: Decimal, right: Iterable[Fraction], size: Fraction | None = None) -> bool:
    """Return whether an amount is one of several, up to the rounding of figures of `size`."""
    most = max(abs(size or Fraction(0)), Fraction(1))
    return any(abs(Fraction(amount) - each) <= CLOSE * max(abs(each), most) for each in right)
