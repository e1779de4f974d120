"""An independent checker of answers: whether they are feasible, and whether their figures are right.

It shares no code with what decides. For a network it adds up in Python integers; for a problem it reads the routes
as a stranger would and computes every requirement again from the order, the listing, the quote and the fees. One
clause an equation of `solver.formulation`; a violation is a bug of ours and stops the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from solver import cost
from solver.domain.amounts import MICRO, PICO, exact_scaled, from_scaled
from solver.domain.instrument import instrument_key
from solver.domain.order import OrderType, Side
from solver.network import Network, RowKind
from solver.problem import Problem
from solver.solution import Solution

Quoted = tuple[str, str, str, str]
"""Broker (empty: any), symbol, MIC and currency of a quote."""


def verify(subject: Network | Problem, solution: Solution) -> tuple[str, ...]:
    """Return every rule that `solution` breaks; an empty tuple means that it is feasible and its figures are right.

    Parameters
    ----------
    subject : Network or Problem
        What was decided. A problem needs a solution with tables.
    solution : Solution

    Returns
    -------
    tuple of str
    """
    if isinstance(subject, Network):
        return tuple(_network_violations(subject, solution))
    return tuple(_problem_violations(subject, solution))


def _network_violations(network: Network, solution: Solution) -> list[str]:
    if len(solution.choice) != network.n_orders:
        return [f"choice has {len(solution.choice)} entries for {network.n_orders} orders"]
    place = {int(given): arc for arc, given in enumerate(network.position)}
    found, score, used = [], 0, [0] * network.n_rows
    for order, given in enumerate(solution.choice.tolist()):
        if given == -1:
            continue
        arc = place.get(given)
        if arc is None or int(network.order[arc]) != order:
            found.append(f"demand: order {order} is given arc {given}, which is not one of its own")
            continue
        score += int(network.score[arc])
        for row, need in network.entries(arc):
            used[row] += need
    for row, (draws, capacity) in enumerate(zip(used, network.capacity.tolist(), strict=True)):
        if draws > capacity:
            kind = RowKind(int(network.row_kind[row])).name.lower()
            found.append(f"{kind}: row {row} holds {capacity} and {draws} are drawn")
    if score != solution.objective:
        found.append(f"objective: the choice scores {score}, not {solution.objective}")
    if solution.bound < solution.objective:
        found.append(f"bound: {solution.bound} lies below the objective {solution.objective}")
    return found


def _problem_violations(problem: Problem, solution: Solution) -> list[str]:
    orders = {row.order_id: row for row in problem.orders.itertuples(index=False)}
    listings = {(row.broker, row.broker_symbol): row for row in problem.listings.itertuples(index=False)}
    quotes = {(row.broker, row.symbol, row.mic, row.currency): row for row in problem.quotes.itertuples(index=False)}
    found = _completeness(orders, solution)
    for route in solution.routes.itertuples(index=False):
        order, listing = orders.get(route.order_id), listings.get((route.broker, route.broker_symbol))
        if order is None or listing is None:
            found.append(f"{route.order_id}: the order or the listing {route.broker_symbol} does not exist")
            continue
        found += [f"{route.order_id}: {flaw}" for flaw in _route_flaws(problem, quotes, order, listing, route)]
    return found + _capital(problem, solution) + _custody(problem, solution)


def _completeness(orders: dict[str, Any], solution: Solution) -> list[str]:
    """Nothing is lost and nothing doubled: every order is routed once, or in the backlog with a reason."""
    routed = Counter(solution.routes["order_id"])
    waiting = Counter(solution.backlog["order_id"])
    found = [f"demand: {order_id} is routed {count} times" for order_id, count in routed.items() if count > 1]
    found += [
        f"demand: {order_id} is lost" for order_id in orders if order_id not in routed and order_id not in waiting
    ]
    for row in solution.backlog.itertuples(index=False):
        if row.order_id in routed and row.code != "LOT_REMAINDER":
            found.append(f"demand: {row.order_id} is both routed and in the backlog")
        if not row.code or not row.sentence:
            found.append(f"demand: {row.order_id} is in the backlog without a reason")
    return found


def _route_flaws(problem: Problem, quotes: Mapping[Quoted, Any], order: Any, listing: Any, route: Any) -> list[str]:
    """Return what is wrong with one route: availability, wishes, size, price bound, requirement."""
    found = _availability(problem, order, listing, route)
    if route.quantity <= 0 or route.quantity % listing.lot:
        found.append(f"lots: {route.quantity} is no multiple of {listing.lot}")
    if route.quantity < listing.min_quantity or (listing.max_quantity and route.quantity > listing.max_quantity):
        found.append(f"lots: {route.quantity} is outside the broker's sizes")
    if order.quantity is not None and route.quantity > order.quantity:
        found.append(f"demand: {route.quantity} is more than the {order.quantity} asked")
    schedule = problem.brokers[route.broker].fee_schedule(route.asset_type, route.currency)
    need = cost.required_capital(
        schedule,
        exact_scaled(route.quantity, PICO),
        exact_scaled(route.limit_price, PICO),
        order.side == Side.SELL,
    )
    if from_scaled(int(need), MICRO) != route.required_capital:
        found.append(f"capital: requires {from_scaled(int(need), MICRO)}, not {route.required_capital}")
    return found + _price_flaws(problem, quotes, order, listing, route)


def _availability(problem: Problem, order: Any, listing: Any, route: Any) -> list[str]:
    found = []
    broker = problem.brokers[route.broker]
    rules = broker.rules.get(route.asset_type)
    if not broker.is_up or not listing.tradable:
        found.append("availability: the broker is down or the listing not tradable")
    if rules is None or route.time_in_force not in rules.times_in_force:
        found.append(f"availability: {route.time_in_force} is not taken")
    ranking = problem.policy.ranking(order.sleeve, route.asset_type, route.symbol, route.mic, route.currency)
    if order.pin and route.broker != order.pin:
        found.append(f"availability: the order is pinned to {order.pin}")
    if not order.pin and route.broker not in ranking.brokers:
        found.append(f"availability: the policy leaves {route.broker} out")
    if route.broker in order.forbid.split("|"):
        found.append(f"availability: the order forbids {route.broker}")
    if order.account and route.account != order.account:
        found.append(f"availability: the order names account {order.account}")
    return found


def _price_flaws(problem: Problem, quotes: Mapping[Quoted, Any], order: Any, listing: Any, route: Any) -> list[str]:
    """Return where the bound is beyond the order's own limit, or is not the quote moved by the collar."""
    buys = order.side == Side.BUY
    if route.limit_price % listing.tick:
        return [f"price: {route.limit_price} is off the tick of {listing.tick}"]
    if order.order_type == OrderType.LIMIT:
        worse = route.limit_price > order.limit_price if buys else route.limit_price < order.limit_price
        return [f"price: {route.limit_price} is worse than the limit {order.limit_price}"] if worse else []
    words = (route.symbol, route.mic, route.currency)
    quote = quotes.get((route.broker, *words)) or quotes.get(("", *words))
    if quote is None:
        return ["price: a market order without a quote"]
    collar = Decimal(problem.policy.collar_bps(route.asset_type)) / cost.BASIS_POINT
    edge = quote.ask * (1 + collar) if buys else quote.bid * (1 - collar)
    inside = route.limit_price < edge if buys else route.limit_price > edge
    beyond = abs(route.limit_price - edge) >= listing.tick
    return [f"price: the bound {route.limit_price} is not the collar {edge}"] if inside or beyond else []


def _capital(problem: Problem, solution: Solution) -> list[str]:
    """(4) No pool is overdrawn: what its buys require is at most its usable cash less its reserve."""
    drawn: Counter[tuple[str, str, str]] = Counter()
    for route in solution.routes.itertuples(index=False):
        if route.side == Side.BUY:
            drawn[route.broker, route.account, route.currency] += route.required_capital
    usable = {
        (row.broker, row.account, row.currency): min(row.cash, row.cash if row.settled is None else row.settled)
        - (row.reserve or 0)
        for row in problem.balances.itertuples(index=False)
    }
    return [
        f"capital: {'/'.join(pool)} has {usable.get(pool, Decimal(0))} and {amount} are drawn"
        for pool, amount in drawn.items()
        if amount > max(usable.get(pool, Decimal(0)), Decimal(0))
    ]


def _custody(problem: Problem, solution: Solution) -> list[str]:
    """(5) No holding is oversold."""
    sold: Counter[tuple[str, str, str]] = Counter()
    for route in solution.routes.itertuples(index=False):
        if route.side == Side.SELL:
            key = instrument_key(route.symbol, route.mic, route.currency, route.asset_type)
            sold[route.broker, route.account, key] += route.quantity
    found = []
    for (broker, account, key), quantity in sold.items():
        held = sum(
            row.quantity
            for row in problem.positions.itertuples(index=False)
            if (row.broker, row.account) == (broker, account)
            and key.startswith(row.symbol)
            and row.symbol == key.split("@")[0]
            and (not row.mic or f"{row.symbol}@{row.mic}:{row.currency}" == key)
        )
        if quantity > held:
            found.append(f"custody: {broker}/{account} holds {held} {key} and {quantity} are sold")
    return found
