"""The tables of a problem, found by what they speak of: the checker's own reading of them."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from solver import cost
from solver.domain.amounts import MICRO, PICO, exact_scaled, floor_scaled
from solver.domain.fees import FeeSchedule
from solver.domain.instrument import AssetType, instrument_key
from solver.domain.order import OrderType, Side, TimeInForce
from solver.policy import Ranking
from solver.problem import Problem
from solver.solution import Solution

VALUE = PICO * PICO // MICRO
"""What divides pico-units of quantity times pico-units of price into micro-units of money."""


def pico(amount: Decimal) -> int:
    """Return a price or a quantity in pico-units, exactly."""
    return exact_scaled(amount, PICO)


def key_of(row: Any) -> str:
    """Return the identity of the instrument that a route or a listing names."""
    return instrument_key(row.symbol, row.mic, row.currency, row.asset_type)


def routes_by_order(solution: Solution) -> dict[str, list[Any]]:
    """Return the routes of each order."""
    found: dict[str, list[Any]] = {}
    for route in solution.routes.itertuples(index=False):
        found.setdefault(route.order_id, []).append(route)
    return found


def _meant(row: Any, instruments: set[tuple[str, str, str]]) -> str:
    """Return the one instrument that a position's words fit, empty if there is none or several.

    A coin has neither exchange nor currency, so that a bare symbol names it and nothing else.
    """
    fits = {
        key
        for key, mic, currency in instruments
        if row.mic in ("", mic) and (row.currency in ("", currency) or key == row.symbol)
    }
    if not row.mic and not row.currency and row.symbol in fits:
        return str(row.symbol)
    return fits.pop() if len(fits) == 1 else ""


class World:
    """A problem, indexed.

    Attributes
    ----------
    problem : Problem
    orders, meant : dict of str
        Order and instrument rows, by order id.
    listings : dict of (str, str)
        Listing rows, by broker and broker symbol.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.orders: dict[str, Any] = {row.order_id: row for row in problem.orders.itertuples(index=False)}
        self.meant: dict[str, Any] = dict(zip(self.orders, problem.instruments.itertuples(index=False), strict=True))
        self.listings: dict[tuple[str, str], Any] = {
            (row.broker, row.broker_symbol): row for row in problem.listings.itertuples(index=False)
        }
        self._quotes: dict[tuple[str, str, str, str], Any] = {
            (row.broker, row.symbol, row.mic, row.currency): row for row in problem.quotes.itertuples(index=False)
        }
        self._rankings: dict[tuple[str, ...], Ranking] = {}
        self._traded: dict[str, list[Any]] = {}
        for listing in self.listings.values():
            self._traded.setdefault(key_of(listing), []).append(listing)

    @cached_property
    def rates(self) -> dict[str, int]:
        """What one unit of each currency is worth in base currency [pico-units], rounded down."""
        base = self.problem.base_currency
        there, back = {base: PICO}, {}
        for source, target, rate, *_ in self.problem.rates.itertuples(index=False, name=None):
            if target == base:
                there[source] = floor_scaled(rate, PICO)
            elif source == base:
                numerator, denominator = rate.as_integer_ratio()
                back[target] = PICO * denominator // numerator
        return back | there

    @cached_property
    def accounts(self) -> dict[str, tuple[str, ...]]:
        """The accounts at every broker."""
        return {broker: self.problem.accounts(broker) for broker in self.problem.brokers}

    def ranking(self, order: Any, listing: Any) -> Ranking:
        """Return what the policy says of the order at a listing."""
        kind = self.meant[order.order_id].asset_type
        words = (order.sleeve, kind, listing.symbol, listing.mic, listing.currency)
        if words not in self._rankings:
            self._rankings[words] = self.problem.policy.ranking(*words)
        return self._rankings[words]

    def currencies(self, order: Any) -> tuple[str, ...]:
        """Return the currencies that an order accepts, best first; empty: that of its instrument, whichever it is."""
        if order.currency:
            return tuple(order.currency.split("|"))
        return tuple(self.problem.policy.default_quotes) if self.is_coin(order) else ()

    def is_coin(self, order: Any) -> bool:
        """Return whether the order means a coin."""
        return bool(self.meant[order.order_id].asset_type == AssetType.CRYPTO)

    def time_in_force(self, order: Any) -> str:
        """Return the order's time in force; that of a coin's market, which has no day, or the day if it has none."""
        return order.time_in_force or str(TimeInForce.GTC if self.is_coin(order) else TimeInForce.DAY)

    @cached_property
    def held(self) -> Counter[tuple[str, str, str]]:
        """What each broker, account and instrument holds [pico-units]; what is not clear counts for nothing."""
        listed: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
        for listing in self.listings.values():
            coin = listing.asset_type == AssetType.CRYPTO
            words = ("", "") if coin else (listing.mic, listing.currency)
            listed.setdefault((listing.broker, listing.symbol), set()).add((key_of(listing), *words))
        held: Counter[tuple[str, str, str]] = Counter()
        for row in self.problem.positions.itertuples(index=False):
            meant = _meant(row, listed.get((row.broker, row.symbol), set()))
            held[row.broker, row.account, meant] += floor_scaled(row.quantity, PICO)
        return held

    @cached_property
    def _holders(self) -> dict[str, list[int]]:
        """What is held of each instrument, account by account [pico-units]."""
        found: dict[str, list[int]] = {}
        for (_, _, key), quantity in self.held.items():
            if quantity > 0:
                found.setdefault(key, []).append(quantity)
        return found

    def most_children(self, order: Any) -> int:
        """Return the most children of an order: as it says, or as many as hold some of what no one holds enough of."""
        if order.side == Side.BUY:
            return int(order.max_splits)
        holders = self._holders.get(self.meant[order.order_id].instrument, [])
        wanted = [self.child(order, offer) for offer in self.offers(order)]
        scattered = len(holders) > 1 and wanted and max(holders) < max(wanted)
        return max(int(order.max_splits), len(holders)) if scattered else int(order.max_splits)

    def least_share(self, order: Any) -> Fraction:
        """Return the least share of an order that is worth serving."""
        return self.problem.policy.least_share if order.min_fill is None else Fraction(order.min_fill)

    def may_divide(self, order: Any) -> bool:
        """Return whether an order may be split or served in part."""
        return self.most_children(order) > 1 or self.least_share(order) < 1

    def offers(self, order: Any) -> list[Any]:
        """Return every listing of the order's instrument in a currency that it accepts, at whichever broker."""
        accepted = self.currencies(order)
        listings = self._traded.get(self.meant[order.order_id].instrument, [])
        return [listing for listing in listings if not accepted or listing.currency in accepted]

    def fees(self, order: Any, listing: Any) -> FeeSchedule:
        """Return the fees and taxes of trading an order at a listing."""
        broker, kind = self.problem.brokers[listing.broker], self.meant[order.order_id].asset_type
        return broker.fee_schedule(kind, listing.currency, listing.mic, listing.isin)

    def quote(self, listing: Any) -> Any:
        """Return the broker's own quote of a listing, else that of all brokers, else None."""
        words = (listing.symbol, listing.mic, listing.currency)
        return self._quotes.get((listing.broker, *words)) or self._quotes.get(("", *words))

    def reference(self, order: Any, listing: Any) -> int:
        """Return the price at which an order is weighed [pico-units]; 0 where none is known."""
        if order.order_type == OrderType.LIMIT:
            return pico(order.limit_price)
        quote = self.quote(listing)
        if quote is None:
            return 0
        return pico(quote.ask if order.side == Side.BUY else quote.bid)

    def bound(self, order: Any, listing: Any) -> int:
        """Return the worst price at which an order may trade there [pico-units]; 0 where no price is known.

        The order's limit to the tick inside, or the quote moved against us by the collar to the tick outside.
        """
        reference, tick = self.reference(order, listing), pico(listing.tick)
        buys = order.side == Side.BUY
        if order.order_type == OrderType.LIMIT:
            return reference // tick * tick if buys else -(-reference // tick) * tick
        collar = self.problem.policy.collar_bps(self.meant[order.order_id].asset_type)
        edge = Fraction(reference * (cost.BASIS_POINT + (collar if buys else -collar)), cost.BASIS_POINT * tick)
        return (math.ceil(edge) if buys else math.floor(edge)) * tick

    def step(self, order: Any, listing: Any) -> int:
        """Return the step of the quantity [pico-units]: the lot, whole units where a fraction is not taken."""
        rules = self.problem.brokers[listing.broker].rules.get(self.meant[order.order_id].asset_type)
        taken = rules is None or self.time_in_force(order) in rules.fractional_times_in_force
        return pico(listing.lot) if listing.fractional and taken else math.lcm(pico(listing.lot), PICO)

    def notional_rate(self, order: Any, listing: Any) -> int:
        """Return the rate of the currency that a notional is stated in: a coin's first accepted one, else its own."""
        return self.rates.get(self.currencies(order)[0] if self.is_coin(order) else listing.currency, 0)

    def asked(self, order: Any, listing: Any) -> int:
        """Return the quantity that an order asks for there [pico-units].

        A notional asks for what it pays for at a buy's bound, or is worth at a sell's quote.
        """
        if order.quantity is not None:
            return pico(order.quantity)
        price = self.bound(order, listing) if order.side == Side.BUY else self.reference(order, listing)
        notional = floor_scaled(order.notional, MICRO) * self.notional_rate(order, listing)
        return notional // max(self.rates.get(listing.currency, 0), 1) * VALUE // max(price, 1)

    def child(self, order: Any, listing: Any) -> int:
        """Return the quantity that an order would have there: what it asks for in whole steps [pico-units]."""
        step = self.step(order, listing)
        return self.asked(order, listing) // step * step
