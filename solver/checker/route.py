"""Whether one route is what its order asked for, at a place and a price where it can be done."""

from __future__ import annotations

from typing import Any

from solver import cost
from solver.checker.world import VALUE, World, key_of, pico
from solver.domain.amounts import MAX_DECIMALS, MICRO, PICO, floor_scaled, from_scaled
from solver.domain.order import OrderType, Side


def route_flaws(world: World, order: Any, listing: Any, route: Any) -> list[str]:
    """Return what is wrong with one route: identity, availability, wishes, size, price bound, requirement."""
    found = [*_identity(world, order, listing, route), *_wishes(world, order, route)]
    found += [*_availability(world, order, listing, route), *_account(world, order, route)]
    try:
        pico(route.quantity), pico(route.limit_price)
    except ValueError:
        return [*found, f"lots: {route.quantity} at {route.limit_price} has more than {MAX_DECIMALS} decimals"]
    found += _size(world, order, listing, route)
    found += _requirement(world, order, route)
    return found + _price(world, order, listing, route)


def _identity(world: World, order: Any, listing: Any, route: Any) -> list[str]:
    """Compare the order's own words, and whether the listing is of the instrument that the order means."""
    meant = world.meant[order.order_id]
    pairs = [(name, getattr(route, name), getattr(order, name)) for name in ("side", "sleeve", "priority")]
    pairs += [(name, getattr(route, name), getattr(listing, name)) for name in ("symbol", "mic", "currency")]
    pairs += [("asset_type", route.asset_type, meant.asset_type)]
    found = [f"identity: {name} is {given}, not {right}" for name, given, right in pairs if given != right]
    named = order.symbol in (listing.symbol, listing.isin) and order.mic in ("", listing.mic)
    if not named or key_of(listing) != meant.instrument:
        found.append(f"identity: {key_of(listing)} is not the {order.symbol} that the order means")
    return found


def _wishes(world: World, order: Any, route: Any) -> list[str]:
    """Compare time in force and currency; whatever the order is, it is sent as a limit."""
    found = []
    wanted = world.time_in_force(order)
    if route.time_in_force != wanted:
        found.append(f"identity: time in force {route.time_in_force}, not {wanted}")
    if route.order_type != OrderType.LIMIT:
        found.append(f"identity: sent as {route.order_type}, not as a limit at its price bound")
    accepted = world.currencies(order)
    if accepted and route.currency not in accepted:
        found.append(f"availability: the order does not accept {route.currency}")
    if world.is_coin(order) and order.order_type == OrderType.LIMIT and route.currency != accepted[0]:
        found.append(f"availability: the limit price is in {accepted[0]}, not in {route.currency}")
    return found


def _availability(world: World, order: Any, listing: Any, route: Any) -> list[str]:
    found, broker = [], world.problem.brokers[route.broker]
    rules = broker.rules.get(route.asset_type)
    if not broker.is_up or not listing.tradable:
        found.append("availability: the broker is down or the listing not tradable")
    if rules is None or route.time_in_force not in rules.times_in_force:
        found.append(f"availability: {route.time_in_force} is not taken")
    if rules is None or order.order_type not in rules.order_types:
        found.append(f"availability: {order.order_type} orders are not taken")
    ranking = world.ranking(order, listing)
    if order.pin and route.broker != order.pin:
        found.append(f"availability: the order is pinned to {order.pin}")
    if not order.pin and route.broker not in ranking.brokers:
        found.append(f"availability: the policy leaves {route.broker} out")
    if route.broker in order.forbid.split("|"):
        found.append(f"availability: the order forbids {route.broker}")
    if route.rule != ranking.rule:
        found.append(f"availability: decided by {ranking.rule}, not by {route.rule}")
    return found


def _account(world: World, order: Any, route: Any) -> list[str]:
    """Compare the account: the order's own, else the one its sleeve is bound to, else one of the broker's."""
    if order.account:
        right = route.account == order.account
        return [] if right else [f"availability: the order names account {order.account}"]
    bound = world.problem.policy.sleeve_accounts.get((order.sleeve, route.broker))
    if bound is not None:
        right = route.account == bound
        return [] if right else [f"availability: sleeve {order.sleeve} is bound to account {bound}"]
    known = route.account in world.accounts[route.broker]
    return [] if known else [f"availability: {route.broker} has no account {route.account}"]


def _requirement(world: World, order: Any, route: Any) -> list[str]:
    """Compute the capital that the route draws at worst."""
    schedule = world.fees(order, world.listings[route.broker, route.broker_symbol])
    is_sell = order.side == Side.SELL
    need = int(cost.required_capital(schedule, pico(route.quantity), pico(route.limit_price), is_sell))
    right = from_scaled(need, MICRO)
    return [] if right == route.required_capital else [f"capital: requires {right}, not {route.required_capital}"]


def _size(world: World, order: Any, listing: Any, route: Any) -> list[str]:
    """(2), (3) Compare the quantity with what the order asks, in the broker's lots and within its sizes."""
    found, quantity, step = [], pico(route.quantity), world.step(order, listing)
    if quantity <= 0 or quantity % step:
        found.append(f"lots: {route.quantity} is no multiple of {from_scaled(step, PICO)}")
    if quantity < pico(listing.min_quantity) or (listing.max_quantity and quantity > pico(listing.max_quantity)):
        found.append(f"lots: {route.quantity} is outside the broker's sizes")
    least = floor_scaled(listing.min_notional, MICRO)
    if order.side == Side.BUY and -(-quantity * world.reference(order, listing) // VALUE) < least:
        found.append(f"lots: {route.quantity} is worth less than the broker's least value")
    asked = f"the {order.quantity} asked" if order.quantity is not None else f"the notional {order.notional} is worth"
    if quantity > world.asked(order, listing):
        found.append(f"demand: {route.quantity} is more than {asked}")
    elif quantity < world.child(order, listing) and not world.may_divide(order):
        found.append(f"demand: {route.quantity} leaves a lot of {asked}")
    return found


def _price(world: World, order: Any, listing: Any, route: Any) -> list[str]:
    """Compare the bound with the order's own limit, or with the quote and its collar."""
    bound, right = pico(route.limit_price), world.bound(order, listing)
    if bound <= 0 or bound % pico(listing.tick):
        return [f"price: {route.limit_price} is off the tick of {listing.tick}"]
    if not right:
        return ["price: a market order without a quote"]
    if bound == right:
        return []
    if order.order_type == OrderType.LIMIT:
        worse = bound > right if order.side == Side.BUY else bound < right
        return [f"price: {route.limit_price} is {'worse than' if worse else 'not'} the limit {order.limit_price}"]
    return [f"price: the bound {route.limit_price} is not the collar {from_scaled(right, PICO)}"]
