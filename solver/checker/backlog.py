"""Whether the backlog tells of its orders what the orders, the routes and the reasons say."""

from __future__ import annotations

from typing import Any

from solver.checker.figures import worth
from solver.checker.shortage import Shortages
from solver.checker.world import World, pico
from solver.domain.amounts import MICRO, PICO, floor_scaled, from_scaled, text
from solver.domain.reason import ReasonCode
from solver.solution import Solution

CODES = frozenset(str(code) for code in ReasonCode)
"""The closed list."""


def backlog_violations(world: World, solution: Solution) -> list[str]:
    """Return what is wrong with the backlog, row by row."""
    routed = {row.order_id: row for row in solution.routes.itertuples(index=False)}
    reasons: dict[str, list[Any]] = {}
    for reason in solution.reasons.itertuples(index=False):
        reasons.setdefault(reason.order_id, []).append(reason)
    shortages = Shortages(world, solution)
    found = _untold(world, solution, routed)
    for row in solution.backlog.itertuples(index=False):
        order, route = world.orders.get(row.order_id), routed.get(row.order_id)
        if order is None:
            found.append(f"demand: {row.order_id} waits and is no order")
            continue
        if not row.code or not row.sentence:
            found.append(f"demand: {row.order_id} is in the backlog without a reason")
        if route is not None and row.code != ReasonCode.LOT_REMAINDER:
            found.append(f"demand: {row.order_id} is both routed and in the backlog")
        flaws = [*_identity(world, order, route, row), *_code(world, order, route, row, reasons.get(row.order_id, []))]
        flaws += shortages.flaws(order, row)
        found += [f"{row.order_id}: {flaw}" for flaw in flaws]
    return found


def _identity(world: World, order: Any, route: Any, row: Any) -> list[str]:
    """Compare the order's own words, and what waits of it and is worth with what the route leaves."""
    words = [(name, getattr(row, name), getattr(order, name)) for name in ("sleeve", "priority", "symbol", "side")]
    quantity, notional, value = order.quantity, order.notional, from_scaled(worth(world, order), MICRO)
    if route is not None:
        quantity, notional, value = _rest(world, order, route)
    words += [("quantity", row.quantity, quantity), ("notional", row.notional, notional), ("value", row.value, value)]
    found = [f"identity: {name} is {given}, not {right}" for name, given, right in words if given != right]
    if not row.sentence.startswith(f"{order.order_id}: {order.side} ") or order.symbol not in row.sentence:
        found.append("identity: the sentence does not speak of the order")
    return found


def _rest(world: World, order: Any, route: Any) -> tuple[Any, Any, Any]:
    """Return quantity, notional and value of what a route leaves of its order; nothing where its listing is unknown."""
    listing = world.listings.get((route.broker, route.broker_symbol))
    asked = 0 if listing is None else world.asked(order, listing)
    if asked <= 0:
        return None, None, from_scaled(0, MICRO)
    rest = max(asked - floor_scaled(route.quantity, PICO), 0)
    value = from_scaled(worth(world, order) * rest // asked, MICRO)
    if order.quantity is not None:
        return from_scaled(pico(order.quantity) * rest // asked, PICO), None, value
    return None, from_scaled(floor_scaled(order.notional, MICRO) * rest // asked, MICRO), value


def _untold(world: World, solution: Solution, routed: dict[str, Any]) -> list[str]:
    """(2) What lots leave of an order waits in the backlog; of a notional only from one unit of base currency on."""
    waiting, found = set(solution.backlog["order_id"]), []
    for order_id, route in routed.items():
        order = world.orders.get(order_id)
        if order is None or order_id in waiting:
            continue
        quantity, _, value = _rest(world, order, route)
        if quantity or (order.quantity is None and value >= 1):
            found.append(f"demand: {text(quantity or value)} of {order_id} is lost")
    return found


def _code(world: World, order: Any, route: Any, row: Any, reasons: list[Any]) -> list[str]:
    """Compare the code with the closed list, the order's instrument, and the order's reasons with their numbers."""
    found = []
    if row.code not in CODES:
        found.append(f"reason: {row.code} is not in the closed list")
    meant = world.meant[order.order_id].instrument
    if (row.code == ReasonCode.UNKNOWN_INSTRUMENT) != (not meant):
        found.append(f"reason: {row.code}, while the order means {meant or 'nothing'}")
    if row.code == ReasonCode.LOT_REMAINDER:
        right = route is not None and row.broker == route.broker and _numbers(row) == (None, None, "", ())
        return found if right else [*found, "reason: LOT_REMAINDER of nothing that is routed there"]
    told = [each for each in reasons if (each.broker, each.code) == (row.broker, row.code)]
    if not any(_numbers(each) == _numbers(row) for each in told):
        found.append(f"reason: {row.code} of {row.broker or 'all'} is none of the order's reasons")
    return found


def _numbers(row: Any) -> tuple[Any, ...]:
    return row.needed, row.available, row.unit, tuple(row.lost_to)
