"""Whether the backlog tells of its orders what the orders, the routes and the reasons say."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from solver.checker.figures import worth
from solver.checker.parts import served_share
from solver.checker.shortage import Shortages
from solver.checker.world import World, pico, routes_by_order
from solver.domain.amounts import MICRO, PICO, floor_scaled, from_scaled, text
from solver.domain.reason import ReasonCode
from solver.solution import Solution

CODES = frozenset(str(code) for code in ReasonCode)
"""The closed list."""


def backlog_violations(world: World, solution: Solution) -> list[str]:
    """Return what is wrong with the backlog, row by row."""
    routed = routes_by_order(solution)
    reasons: dict[str, list[Any]] = {}
    for reason in solution.reasons.itertuples(index=False):
        reasons.setdefault(reason.order_id, []).append(reason)
    shortages = Shortages(world, solution)
    found = _untold(world, solution, routed)
    for row in solution.backlog.itertuples(index=False):
        order, routes = world.orders.get(row.order_id), routed.get(row.order_id, [])
        if order is None:
            found.append(f"demand: {row.order_id} waits and is no order")
            continue
        if not row.code or not row.sentence:
            found.append(f"demand: {row.order_id} is in the backlog without a reason")
        if routes and row.code != ReasonCode.LOT_REMAINDER and not world.may_divide(order):
            found.append(f"demand: {row.order_id} is both routed and in the backlog")
        told = reasons.get(row.order_id, [])
        flaws = [*_identity(world, order, routes, row), *_code(world, order, routes, row, told)]
        flaws += shortages.flaws(order, row)
        found += [f"{row.order_id}: {flaw}" for flaw in flaws]
    return found


def _identity(world: World, order: Any, routes: list[Any], row: Any) -> list[str]:
    """Compare the order's own words, and what waits of it and is worth with what the routes leave."""
    words = [(name, getattr(row, name), getattr(order, name)) for name in ("sleeve", "priority", "symbol", "side")]
    quantity, notional, value = order.quantity, order.notional, from_scaled(worth(world, order), MICRO)
    if routes:
        quantity, notional, value = _rest(world, order, routes)
    words += [("quantity", row.quantity, quantity), ("notional", row.notional, notional), ("value", row.value, value)]
    found = [f"identity: {name} is {given}, not {right}" for name, given, right in words if given != right]
    if not row.sentence.startswith(f"{order.order_id}: {order.side} ") or order.symbol not in row.sentence:
        found.append("identity: the sentence does not speak of the order")
    return found


def _rest(world: World, order: Any, routes: list[Any]) -> tuple[Any, Any, Any]:
    """Return quantity, notional and value of what its routes leave of an order; nothing where nothing is served."""
    served = served_share(world, order, routes)
    if not served:
        return None, None, from_scaled(0, MICRO)
    rest = max(1 - served, Fraction(0))
    value = from_scaled(math.floor(worth(world, order) * rest), MICRO)
    if order.quantity is not None:
        return from_scaled(math.floor(pico(order.quantity) * rest), PICO), None, value
    return None, from_scaled(math.floor(floor_scaled(order.notional, MICRO) * rest), MICRO), value


def _untold(world: World, solution: Solution, routed: dict[str, list[Any]]) -> list[str]:
    """(2) What lots leave of an order waits in the backlog; of a notional only from one unit of base currency on."""
    waiting, found = set(solution.backlog["order_id"]), []
    for order_id, routes in routed.items():
        order = world.orders.get(order_id)
        if order is None or order_id in waiting:
            continue
        quantity, _, value = _rest(world, order, routes)
        if quantity or (order.quantity is None and value >= 1):
            found.append(f"demand: {text(quantity or value)} of {order_id} is lost")
    return found


def _code(world: World, order: Any, routes: list[Any], row: Any, reasons: list[Any]) -> list[str]:
    """Compare the code with the closed list, the order's instrument, and the order's reasons with their numbers."""
    found = []
    if row.code not in CODES:
        found.append(f"reason: {row.code} is not in the closed list")
    meant = world.meant[order.order_id].instrument
    if (row.code == ReasonCode.UNKNOWN_INSTRUMENT) != (not meant):
        found.append(f"reason: {row.code}, while the order means {meant or 'nothing'}")
    if row.code == ReasonCode.LOT_REMAINDER:
        right = row.broker in {route.broker for route in routes} and _numbers(row) == (None, None, "", ())
        return found if right else [*found, "reason: LOT_REMAINDER of nothing that is routed there"]
    told = [each for each in reasons if (each.broker, each.code) == (row.broker, row.code)]
    if not any(_numbers(each) == _numbers(row) for each in told):
        found.append(f"reason: {row.code} of {row.broker or 'all'} is none of the order's reasons")
    return found


def _numbers(row: Any) -> tuple[Any, ...]:
    return row.needed, row.available, row.unit, tuple(row.lost_to)
