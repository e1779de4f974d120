"""Whether the numbers of a reason are right: what is needed, what there is, what is missing, who has it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solver import cost
from solver.checker.capital import usable_capital
from solver.checker.limits import held_quantities, sold_quantities
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
        self._held, self._sold = held_quantities(world), sold_quantities(solution)
        self._routed = dict(zip(solution.routes["order_id"], solution.routes["broker"], strict=True))
        self._left: dict[tuple[str, str], list[Fraction]] = {}
        for pool in solution.capital.itertuples(index=False):
            self._left.setdefault((pool.broker, pool.currency), []).append(Fraction(pool.left))

    def flaws(self, order: Any, row: Any) -> list[str]:
        """Return what is wrong with the numbers of a backlog row."""
        found = [f"reason: lost to {name}, not there" for name in row.lost_to if self._routed.get(name) != row.broker]
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
        found = (
            [] if _one_of(row.needed, needs) else [f"reason: no child at {row.broker} needs {row.needed} {row.unit}"]
        )
        pools = self._left.get((row.broker, row.unit), [])
        if row.code == ReasonCode.CAPITAL_INSUFFICIENT:
            accounts = self._world.accounts.get(row.broker, ())
            pools = [Fraction(self._usable[row.broker, account, row.unit], MICRO) for account in accounts]
        if not _one_of(row.available, pools, sum(pools, Fraction(0))):
            found.append(f"reason: {row.code} with {row.available} {row.unit}, which no pool of {row.broker} has")
        return found

    def _position(self, order: Any, row: Any) -> list[str]:
        """(5) Compare the quantity, and the holding: all of it, or what other sells leave of it."""
        offers = [each for each in self._world.offers(order) if each.broker == row.broker]
        children = [Fraction(self._world.child(order, each), PICO) for each in offers]
        found = [] if _one_of(row.needed, children) else [f"reason: no child at {row.broker} sells {row.needed}"]
        left = []
        for account in self._world.accounts.get(row.broker, ()):
            where = (row.broker, account, self._world.meant[order.order_id].instrument)
            whole = max(self._held[where], 0)
            left += [Fraction(whole, PICO), Fraction(whole - self._sold[where], PICO)]
        if not _one_of(row.available, left, sum(left, Fraction(0))):
            found.append(f"reason: {row.available} {row.unit} held, which no account of {row.broker} has left")
        return found


def _requirement(world: World, order: Any, listing: Any) -> int:
    """Return the capital that an order would draw there [micro-units]."""
    kind = world.meant[order.order_id].asset_type
    schedule = world.problem.brokers[listing.broker].fee_schedule(kind, listing.currency)
    child, bound = world.child(order, listing), world.bound(order, listing)
    return int(cost.required_capital(schedule, child, bound, order.side == Side.SELL))


def _one_of(amount: Decimal, right: Iterable[Fraction], size: Fraction | None = None) -> bool:
    """Return whether an amount is one of several, up to the rounding of figures of `size`."""
    most = max(abs(size or Fraction(0)), Fraction(1))
    return any(abs(Fraction(amount) - each) <= CLOSE * max(abs(each), most) for each in right)
