"""Whether orders that are split or served in part get what they may: how many children, how much together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from solver.checker.world import World, pico
from solver.domain.amounts import MICRO, ceil_scaled, floor_scaled

MOST_LOTS = 100_000
"""Most planning lots of an order."""

POINTS_A_LOT = 1_000
"""Fewest points of a planning lot."""


def served_share(world: World, order: Any, routes: Iterable[Any]) -> Fraction:
    """Return how much of an order its routes serve, each of what the order asks for there; 0 where that is unknown."""
    share = Fraction(0)
    for route in routes:
        listing = world.listings.get((route.broker, route.broker_symbol))
        asked = 0 if listing is None else world.asked(order, listing)
        share += Fraction(floor_scaled(route.quantity, 10**12), asked) if asked > 0 else 0
    return share


def part_flaws(world: World, order: Any, routes: list[Any]) -> list[str]:
    """(2), (6) Return what is wrong with the children of an order together."""
    found, most = [], world.most_children(order)
    if len(routes) > most:
        found.append(f"splits: {len(routes)} children, while {most} are allowed")
    places = {(route.broker, route.account, route.broker_symbol) for route in routes}
    if len(places) < len(routes):
        found.append("splits: two children at one place")
    share = served_share(world, order, routes)
    if share > 1:
        found.append("demand: the children together are more than was asked")
    if not world.may_divide(order):
        return found
    lot, least = _largest_lot(world, order, routes, share), world.least_share(order)
    if order.quantity is None:
        # A notional is counted before it is rounded to the broker's step, as it is where it is served whole.
        share += sum((_step_share(world, order, route) for route in routes), Fraction(0))
    whole = len(routes) == 1 and pico(routes[0].quantity) == world.child(order, _listing(world, routes[0]))
    if not whole and share < least * (1 - lot):
        found.append(f"demand: the children serve {float(share):.6f} of the order, at least {float(least):.6f} is due")
    value = sum(Fraction(route.value) for route in routes)
    floor = Fraction(ceil_scaled(world.problem.policy.least_value, MICRO), MICRO)
    if least < 1 and not whole and share < 1 - lot and value < floor * (1 - lot):
        found.append(f"demand: a part worth {float(value):,.2f} is sent, at least {float(floor):,.2f} is due")
    return found


def _listing(world: World, route: Any) -> Any:
    return world.listings[route.broker, route.broker_symbol]


def _step_share(world: World, order: Any, route: Any) -> Fraction:
    """Return one step of a route's broker as a share of the order."""
    listing = world.listings.get((route.broker, route.broker_symbol))
    return Fraction(0) if listing is None else Fraction(world.step(order, listing), max(world.asked(order, listing), 1))


def _largest_lot(world: World, order: Any, routes: list[Any], share: Fraction) -> Fraction:
    """Return the most that a planning lot can be of an order, as a share of it.

    An order is cut as finely as `MOST_LOTS` and `POINTS_A_LOT` allow, in multiples of every broker's step.
    """
    points = sum(int(route.points) for route in routes)
    finest = min(MOST_LOTS, int(Fraction(points) / max(share, Fraction(1, 10**6))) // POINTS_A_LOT) - 1
    offers = [offer for offer in world.offers(order) if world.asked(order, offer) > 0]
    step = math.lcm(*(world.step(order, offer) for offer in offers)) if order.quantity is not None else 0
    asked = max(min((world.asked(order, offer) for offer in offers), default=1), 1)
    return min(Fraction(1), Fraction(1, max(finest, 1)) + Fraction(step, asked))
