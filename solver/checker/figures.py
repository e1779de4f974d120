"""Whether the figures of one route follow from their definitions: value, expected cost, rank, points."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

from solver import cost
from solver.checker.world import VALUE, World, pico
from solver.domain.amounts import MICRO, PICO, exact_scaled, floor_scaled, from_scaled
from solver.domain.order import Side
from solver.domain.reason import ReasonCode

POINT = 10_000
"""Micro-units of base currency in one point."""

LEAST_POINTS, LEAST_OF_SCATTERED = 1_000, 10
"""Points of a planning lot, at least, over the half point that one is rounded by; of a sell that is scattered over
its holders, which is cut as finely as they hold it.
"""

UNRANKED = 10**6
"""Place of a broker that the policy leaves out: behind all others."""

ELIGIBLE = frozenset(
    {
        ReasonCode.SPLIT_LIMIT,
        ReasonCode.BASKET_INCOMPLETE,
        ReasonCode.OPPOSITE_SIDE,
        ReasonCode.PACING_LIMIT,
        ReasonCode.CAP_REACHED,
        ReasonCode.INSUFFICIENT_POSITION,
        ReasonCode.CAPITAL_INSUFFICIENT,
        ReasonCode.CAPITAL_CONTENTION,
        ReasonCode.SERVED_ELSEWHERE,
        ReasonCode.UNPROVEN,
    }
)
"""Codes of a broker that could take the order if nothing else were decided: it counts in the ranks."""

PERHAPS_ELIGIBLE = frozenset({ReasonCode.NOT_WORTHWHILE, ReasonCode.ABOVE_MAX_SIZE})
"""Codes of a broker that may or may not have counted in the ranks."""


def figure_flaws(world: World, order: Any, listing: Any, route: Any, codes: Mapping[str, str]) -> list[str]:
    """Return which figures of a route are wrong; `codes` are the order's reasons by broker."""
    try:
        child, value = pico(route.quantity), exact_scaled(route.value, MICRO)
        pico(route.limit_price)
        expected = exact_scaled(route.expected_cost, MICRO)
    except ValueError:
        return ["value: a figure has more decimals than are counted"]
    found = []
    asked = max(world.asked(order, listing), 1)
    right = worth(world, order) * min(child, asked) // asked
    if value != right:
        found.append(f"value: {route.quantity} are worth {from_scaled(right, MICRO)}, not {route.value}")
    if expected not in _costs(world, order, listing, child):
        found.append(f"cost: {route.expected_cost} is not the fees and the difference to any listing's price")
    found += _points(world, order, listing, route, value, expected)
    return found + _rank(world, order, listing, route, codes)


def worth(world: World, order: Any) -> int:
    """Return what the whole order is worth [micro-units of base currency]; 0 where no price is known.

    Its notional, or its quantity at the price of its first choice: that of the best broker by policy, then of the
    best currency, whether or not it can take the order.
    """
    accepted = world.currencies(order)
    priced = [
        offer for offer in world.offers(order) if world.reference(order, offer) and world.rates.get(offer.currency, 0)
    ]
    if not priced:
        return 0
    # Of a coin the better currency goes first; a security has one currency at all its listings.
    best = [*accepted, *(offer.currency for offer in priced)]
    first = min(priced, key=lambda offer: (_choice(world, order, offer), best.index(offer.currency)))
    if order.quantity is None:
        return floor_scaled(order.notional, MICRO) * world.notional_rate(order, first) // PICO
    money = _money(pico(order.quantity), world.reference(order, first))
    return money * world.rates[first.currency] // PICO


def _choice(world: World, order: Any, offer: Any) -> int:
    """Return the place of a listing's broker in the policy; a pinned one that it leaves out is the first."""
    ranked = world.ranking(order, offer).brokers
    if offer.broker in ranked:
        return ranked.index(offer.broker)
    return 0 if order.pin == offer.broker else UNRANKED


def _money(quantity: int, price: int) -> int:
    return -(-quantity * price // VALUE)


def _costs(world: World, order: Any, listing: Any, child: int) -> set[int]:
    """Return the fees at the reference price, and what another listing's price would save, for each such price."""
    is_sell = order.side == Side.SELL
    schedule = world.fees(order, listing)
    own = _base_price(world, order, listing)
    fee = int(cost.commission_micro(schedule, child, world.reference(order, listing), is_sell))
    fee = -(-fee * world.rates.get(listing.currency, 0) // PICO)
    others = {_base_price(world, order, offer) for offer in world.offers(order)}
    better = {price for price in others if price and (price > own if is_sell else price < own)}
    return {fee + _money(child, abs(own - price)) for price in {own, *better}}


def _base_price(world: World, order: Any, listing: Any) -> int:
    return -(-world.reference(order, listing) * world.rates.get(listing.currency, 0) // PICO)


def _points(world: World, order: Any, listing: Any, route: Any, value: int, expected: int) -> list[str]:
    """(1) Compare the points; those of a part may be short of what its fee at full size would leave."""
    rank, points = int(route.rank), int(route.points)
    exact = _worth_in_points(world, order, value, expected, rank)
    if points == exact:
        return []
    if not world.may_divide(order):
        return [f"points: value, cost and rank are worth {exact}, not {points}"]
    schedule = world.fees(order, listing)
    asked, price = world.asked(order, listing), world.reference(order, listing)
    full = int(cost.commission_micro(schedule, asked, price, order.side == Side.SELL))
    full = -(-full * world.rates.get(listing.currency, 0) // PICO)
    least = _worth_in_points(world, order, value, expected + full, rank)
    step = _money(world.step(order, listing), _base_price(world, order, listing)) // POINT + 2
    scattered = world.most_children(order) > int(order.max_splits)
    rounding = abs(points) // (LEAST_OF_SCATTERED if scattered else LEAST_POINTS) + step
    right = least - rounding <= points <= exact + rounding
    return [] if right else [f"points: a part of this value is worth {least} to {exact}, not {points}"]


def _worth_in_points(world: World, order: Any, value: int, expected: int, rank: int) -> int:
    """Return the weight of the tier times the value at the rank's basis points, less the cost; one point at least."""
    policy = world.problem.policy
    preference = Fraction(policy.first_choice_bps - policy.rank_step_bps * (rank - 1), cost.BASIS_POINT)
    net = value * preference - floor(expected * policy.cost_weight + Fraction(1, 2))
    points = floor(net * policy.tier_weight(int(order.priority)) / POINT + Fraction(1, 2))
    return 1 if net > 0 and points == 0 else points


def _rank(world: World, order: Any, listing: Any, route: Any, codes: Mapping[str, str]) -> list[str]:
    """Bound the rank: one more than the eligible brokers that the policy puts before this one."""
    policy = world.problem.policy
    ranked = world.ranking(order, listing).brokers
    before = ranked[: ranked.index(route.broker)] if route.broker in ranked else ()
    surely = sum(codes.get(broker) in ELIGIBLE for broker in before)
    perhaps = sum(codes.get(broker) in PERHAPS_ELIGIBLE for broker in before)
    least, most = 1 + surely, 1 + surely + perhaps
    # Rules that select by currency rank the brokers differently for each quote of a coin.
    if any(rule.currency for rule in policy.rules):
        least, most = 1, len(world.problem.brokers)
    return [] if least <= route.rank <= most else [f"rank: {route.rank} is not within {least} to {most}"]
