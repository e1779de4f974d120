"""Whether the routes together keep what limits them: holdings, splits, pacing, caps, baskets, opposite sides."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from solver.checker.world import World, key_of
from solver.domain.amounts import PICO, from_scaled
from solver.domain.order import Side
from solver.solution import Solution


def limit_violations(world: World, solution: Solution) -> list[str]:
    """Return every limit other than capital that the routes break together."""
    return [
        *_custody(world, solution),
        *_pacing(world, solution),
        *_caps(world, solution),
        *_bound_orders(world, solution),
        *_opposite_sides(solution),
    ]


def _custody(world: World, solution: Solution) -> list[str]:
    """(5) No holding is oversold."""
    sold = sold_quantities(solution)
    if not sold:
        return []
    held = world.held
    return [
        f"custody: {broker}/{account} holds {from_scaled(held[broker, account, key], PICO)} {key} "
        f"and {from_scaled(quantity, PICO)} are sold"
        for (broker, account, key), quantity in sold.items()
        if quantity > max(held[broker, account, key], 0)
    ]


def sold_quantities(solution: Solution) -> Counter[tuple[str, str, str]]:
    """Return what is sold of each broker, account and instrument [pico-units]."""
    sold: Counter[tuple[str, str, str]] = Counter()
    for route in solution.routes.itertuples(index=False):
        if route.side == Side.SELL:
            sold[route.broker, route.account, key_of(route)] += math.ceil(Fraction(route.quantity) * PICO)
    return sold


def _pacing(world: World, solution: Solution) -> list[str]:
    """(7) No broker gets more children than it takes in a batch."""
    sent = Counter(solution.routes["broker"])
    return [
        f"pacing: {broker} gets {sent[broker]} orders and takes {most}"
        for broker, most in world.problem.policy.most_children.items()
        if sent[broker] > most
    ]


def _caps(world: World, solution: Solution) -> list[str]:
    """(9) The buys that a cap speaks of are not worth more than its amount."""
    found = []
    for cap in world.problem.policy.caps:
        worth = Fraction(0)
        for route in solution.routes.itertuples(index=False):
            words = ((cap.broker, route.broker), (cap.asset_type, route.asset_type), (cap.sleeve, route.sleeve))
            if route.side == Side.BUY and all(wanted in ("", own) for wanted, own in words):
                worth += Fraction(route.value)
        if worth > Fraction(cap.amount):
            found.append(f"cap: {cap} and {float(worth):,.6f} are bought")
    return found


def _bound_orders(world: World, solution: Solution) -> list[str]:
    """(8) The orders of a basket are all routed or none of them; those of a group go to one broker."""
    at: dict[str, set[str]] = {}
    for order_id, broker in zip(solution.routes["order_id"], solution.routes["broker"], strict=True):
        at.setdefault(order_id, set()).add(broker)
    baskets: dict[str, set[bool]] = {}
    groups: dict[str, set[str]] = {}
    for name, order in world.orders.items():
        if order.basket:
            baskets.setdefault(order.basket, set()).add(name in at)
        if order.same_broker and name in at:
            groups.setdefault(order.same_broker, set()).update(at[name])
    torn = [f"basket: {name} is served in part" for name, served in baskets.items() if len(served) > 1]
    return torn + [f"basket: group {name} is at {' and '.join(sorted(b))}" for name, b in groups.items() if len(b) > 1]


def _opposite_sides(solution: Solution) -> list[str]:
    """(10) No broker gets a buy and a sell of one instrument in one batch."""
    sides: dict[tuple[str, str], set[str]] = {}
    for route in solution.routes.itertuples(index=False):
        sides.setdefault((route.broker, key_of(route)), set()).add(route.side)
    return [f"exclusivity: {broker} gets both sides of {key}" for (broker, key), both in sides.items() if len(both) > 1]
