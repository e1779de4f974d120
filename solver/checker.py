"""An independent checker of answers: whether they are feasible, and whether their figures are right.

It shares no code with what decides. For a network it adds up in Python integers; for a problem it reads the routes
as a stranger would and computes every requirement again from the order, the listing, the quote and the fees. One
clause an equation of `solver.formulation`; a violation is a bug of ours and stops the plan.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from solver import cost
from solver.domain.amounts import MICRO, PICO, exact_scaled, from_scaled
from solver.domain.instrument import instrument_key
from solver.domain.order import OrderType, Side
from solver.network import Network, RowKind
from solver.problem import Problem
from solver.rules import NONE
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
    found = _plain_violations(network, solution) if network.rules is None else _ruled_violations(network, solution)
    if solution.bound < solution.objective:
        found.append(f"bound: {solution.bound} lies below the objective {solution.objective}")
    return found


def _plain_violations(network: Network, solution: Solution) -> list[str]:
    """Check the plain model: (1), (2), (4), (5)."""
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
    if score != solution.objective:
        found.append(f"objective: the choice scores {score}, not {solution.objective}")
    return found + _overdrawn(network, used)


def _ruled_violations(network: Network, solution: Solution) -> list[str]:
    """Check a network with rules, one clause an equation."""
    rules = network.written_rules
    if solution.lots is None or len(solution.lots) != network.n_arcs:
        return ["lots: a solution of a network with rules must tell the lots of every arc"]
    if solution.supplies is None or len(solution.supplies) != rules.n_supplies:
        return ["supplies: a solution of a network with rules must tell the units of every supply"]
    carried = [int(solution.lots[given]) for given in network.position.tolist()]
    supplied = [int(units) for units in solution.supplies]
    children: dict[int, list[int]] = {}
    for arc, lots in enumerate(carried):
        if lots:
            children.setdefault(int(network.order[arc]), []).append(arc)
    return [
        *_worth(network, solution, carried, supplied, children),
        *_sizes(network, solution, carried, children),
        *_bonds(network, children),
        *_rows(network, carried, supplied),
    ]


def _worth(
    network: Network, solution: Solution, carried: list[int], supplied: list[int], children: dict[int, list[int]]
) -> list[str]:
    """(1) The objective is what the lots score, less what further children and supplies cost."""
    rules = network.written_rules
    value = sum(int(network.score[arc]) * lots for arc, lots in enumerate(carried))
    value -= sum(int(rules.split_cost[i]) * (len(arcs) - 1) for i, arcs in children.items())
    value -= sum(int(rules.supply_cost[v]) * units for v, units in enumerate(supplied))
    right = value == solution.objective
    return [] if right else [f"objective: the decision is worth {value}, not {solution.objective}"]


def _sizes(network: Network, solution: Solution, carried: list[int], children: dict[int, list[int]]) -> list[str]:
    """(2), (3), (6) Every order gets none or enough and never more than it asks, in sizes that its arcs take."""
    rules, found = network.written_rules, []
    for i in range(network.n_orders):
        arcs = children.get(i, [])
        total = sum(carried[arc] for arc in arcs)
        if arcs and not int(rules.least_lots[i]) <= total <= int(rules.lots[i]):
            found.append(f"demand: order {i} gets {total} lots of {rules.lots[i]}, fewest {rules.least_lots[i]}")
        if rules.must_serve[i] and not arcs:
            found.append(f"demand: order {i} has to be served and is not")
        if len(arcs) > int(rules.max_children[i]):
            found.append(f"splits: order {i} has {len(arcs)} children of {rules.max_children[i]}")
        if int(solution.choice[i]) not in ([int(network.position[arc]) for arc in arcs] or [-1]):
            found.append(f"demand: the choice of order {i} is not one of its children")
    for arc, lots in enumerate(carried):
        if lots and not int(rules.min_lots[arc]) <= lots <= int(rules.max_lots[arc]):
            found.append(f"lots: arc {arc} carries {lots}, from {rules.min_lots[arc]} to {rules.max_lots[arc]}")
    found += [f"lots: arc {arc} carries {lots}" for arc, lots in enumerate(carried) if lots < 0]
    return found


def _bonds(network: Network, children: dict[int, list[int]]) -> list[str]:
    """(8) Baskets are served whole or not at all, groups at one broker."""
    rules, found = network.written_rules, []
    for basket in sorted(set(rules.basket.tolist()) - {NONE}):
        members = [i for i in range(network.n_orders) if rules.basket[i] == basket]
        served = [i for i in members if i in children]
        if served and len(served) < len(members):
            found.append(f"basket: {len(served)} of the {len(members)} orders of basket {basket} are served")
    for group in sorted(set(rules.same_broker.tolist()) - {NONE}):
        arcs = [arc for i, own in children.items() if rules.same_broker[i] == group for arc in own]
        if len({int(network.broker[arc]) for arc in arcs}) > 1:
            found.append(f"basket: group {group} is served at several brokers")
    return found


def _rows(network: Network, carried: list[int], supplied: list[int]) -> list[str]:
    """(4), (5), (7), (9), (10) No row is overdrawn, and no supply beyond its limit."""
    rules, used = network.written_rules, [0] * network.n_rows
    for arc, lots in enumerate(carried):
        if lots:
            for entry in range(int(network.entry_start[arc]), int(network.entry_start[arc + 1])):
                drawn = int(network.entry_need[entry]) * lots + int(rules.entry_fixed[entry])
                used[int(network.entry_row[entry])] += drawn
    found = []
    for supply, units in enumerate(supplied):
        if not 0 <= units <= int(rules.supply_limit[supply]):
            found.append(f"supply: {units} units of supply {supply}, at most {rules.supply_limit[supply]}")
        for row, need in rules.supply_entries(supply):
            used[row] += need * units
    return found + _overdrawn(network, used)


def _overdrawn(network: Network, used: list[int]) -> list[str]:
    return [
        f"{RowKind(int(network.row_kind[row])).name.lower()}: row {row} holds {capacity} and {draws} are drawn"
        for row, (draws, capacity) in enumerate(zip(used, network.capacity.tolist(), strict=True))
        if draws > capacity
    ]


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
    return [
        *found,
        *_capital(problem, solution),
        *_custody(problem, solution),
        *_bound_orders(orders, solution),
        *_opposite_sides(solution),
    ]


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
    """(4) No pool is overdrawn.

    What its buys require is at most its usable cash, less its reserve, and the proceeds that can be spent at once.
    """
    drawn: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    usable: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in problem.balances.itertuples(index=False):
        cash = row.cash if row.settled is None else min(row.cash, row.settled)
        usable[row.broker, row.account, row.currency] = max(cash - (row.reserve or 0), Decimal(0))
    for route in solution.routes.itertuples(index=False):
        pool = (route.broker, route.account, route.currency)
        if route.side == Side.BUY:
            drawn[pool] += route.required_capital
        elif route.asset_type in problem.brokers[route.broker].instant_proceeds:
            usable[pool] += _proceeds(problem, route)
    return [
        f"capital: {'/'.join(pool)} has {usable[pool]} and {amount} are drawn"
        for pool, amount in drawn.items()
        if amount > usable[pool]
    ]


def _proceeds(problem: Problem, route: Any) -> Decimal:
    schedule = problem.brokers[route.broker].fee_schedule(route.asset_type, route.currency)
    quantity, bound = exact_scaled(route.quantity, PICO), exact_scaled(route.limit_price, PICO)
    return from_scaled(int(cost.sure_proceeds(schedule, quantity, bound, True)), MICRO)


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


def _bound_orders(orders: dict[str, Any], solution: Solution) -> list[str]:
    """(8) The orders of a basket are all routed or none of them; those of a group go to one broker."""
    at = dict(zip(solution.routes["order_id"], solution.routes["broker"], strict=True))
    baskets: dict[str, set[bool]] = {}
    groups: dict[str, set[str]] = {}
    for name, order in orders.items():
        if order.basket:
            baskets.setdefault(order.basket, set()).add(name in at)
        if order.same_broker and name in at:
            groups.setdefault(order.same_broker, set()).add(at[name])
    torn = [f"basket: {name} is served in part" for name, served in baskets.items() if len(served) > 1]
    return torn + [f"basket: group {name} is at {' and '.join(sorted(b))}" for name, b in groups.items() if len(b) > 1]


def _opposite_sides(solution: Solution) -> list[str]:
    """(10) No broker gets a buy and a sell of one instrument in one batch."""
    sides: dict[tuple[str, str], set[str]] = {}
    for route in solution.routes.itertuples(index=False):
        key = instrument_key(route.symbol, route.mic, route.currency, route.asset_type)
        sides.setdefault((route.broker, key), set()).add(route.side)
    return [f"exclusivity: {broker} gets both sides of {key}" for (broker, key), both in sides.items() if len(both) > 1]
