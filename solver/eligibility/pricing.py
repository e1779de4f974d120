"""What a candidate trades: its price, its price bound, its quantity in the broker's lots."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd

from solver import cost
from solver.domain.amounts import MICRO, PICO, exact_scaled, floor_scaled
from solver.domain.reason import ReasonCode
from solver.eligibility.columns import Integers, objects, strike, strike_size
from solver.problem import Problem


def price_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Give every candidate its reference price, price bound and rate into the base currency; strike out the others."""
    quotes = {
        (row.broker, row.symbol, row.mic, row.currency): (row.bid, row.ask)
        for row in problem.quotes.itertuples(index=False)
    }
    rates = rates_to_base(problem.rates, problem.base_currency)
    order = arcs["order"].to_numpy(np.int64)
    is_buy, is_market = orders["is_buy"].to_numpy(bool)[order], orders["is_market"].to_numpy(bool)[order]
    limit = orders["limit"].to_numpy(object)[order]
    reference: list[int] = []
    words = zip(arcs["broker"], arcs["symbol"], arcs["mic"], arcs["currency"], is_buy, limit, strict=True)
    for broker, symbol, mic, currency, buys, own_limit in words:
        quote = quotes.get((broker, symbol, mic, currency)) or quotes.get(("", symbol, mic, currency))
        if own_limit:
            reference.append(own_limit)
        else:
            reference.append(exact_scaled(quote[1 if buys else 0], PICO) if quote else 0)
    arcs["reference"] = objects(reference)
    arcs["rate"] = objects([rates.get(currency, 0) for currency in arcs["currency"]])
    # A notional is in the first accepted currency, whichever currency the candidate trades in.
    lead = [quotes[0] if quotes else "" for quotes in orders["quotes"].to_numpy(object)[order]]
    stated = [first or own for first, own in zip(lead, arcs["currency"], strict=True)]
    arcs["notional_rate"] = objects([rates.get(currency, 0) for currency in stated])
    asset_type = orders["asset_type"].to_numpy(object)[order]
    collar = np.array([problem.policy.collar_bps(kind) for kind in asset_type], dtype=object)
    tick = arcs["tick"].to_numpy(object)
    bound = cost.price_bound(is_buy, is_market, arcs["reference"].to_numpy(object), limit, collar, tick)
    arcs["bound"] = objects(bound.tolist())
    arcs["is_buy"] = is_buy
    strike(arcs, (arcs["reference"] == 0).to_numpy(bool), ReasonCode.NO_QUOTE, detail="no price")
    no_rate = [f"no rate from {currency} to {problem.base_currency}" for currency in arcs["currency"]]
    strike(arcs, (arcs["rate"] == 0).to_numpy(bool), ReasonCode.NO_QUOTE, detail=no_rate)
    by_notional = orders["notional"].to_numpy(object)[order] > 0
    no_rate = [f"no rate from {currency} to {problem.base_currency}" for currency in stated]
    unstated = by_notional & (arcs["notional_rate"] == 0).to_numpy(bool)
    strike(arcs, unstated, ReasonCode.NO_QUOTE, detail=no_rate)
    below_tick = (arcs["bound"] == 0).to_numpy(bool)
    strike(arcs, below_tick, ReasonCode.ORDER_TYPE_UNSUPPORTED, detail="the price is below one tick")


def rates_to_base(rates: pd.DataFrame, base: str) -> dict[str, int]:
    """Return what one unit of each currency is worth in base currency [pico-units], from a canonical table of rates."""
    found = {base: PICO}
    for source, target, rate in rates[["from", "to", "rate"]].itertuples(index=False, name=None):
        if target == base:
            found[source] = floor_scaled(rate, PICO)
        elif source == base:
            found.setdefault(target, int(Fraction(PICO) / Fraction(rate)))
    return found


def order_values(orders: pd.DataFrame, arcs: pd.DataFrame) -> Integers:
    """Return each order's value: its notional, or its quantity at the price of its first choice.

    One value an order, so that a dearer broker does not look more valuable; 0 where no candidate has a price.

    Returns
    -------
    object array of int, shape (n_orders,)
        Micro-units of base currency.
    """
    value = np.zeros(len(orders), dtype=object)
    priced = arcs[(arcs["reference"] != 0) & (arcs["rate"] != 0)]
    ranked = priced.assign(rank=priced["choice"].where(priced["choice"] >= 0, 10**6)).sort_values(
        ["order", "rank", "wish"], kind="stable"
    )
    quantity, notional = orders["quantity"].to_numpy(object), orders["notional"].to_numpy(object)
    columns = ranked.drop_duplicates("order")[["order", "reference", "rate", "notional_rate"]]
    for order, reference, rate, notional_rate in columns.itertuples(index=False, name=None):
        if quantity[order]:
            value[order] = cost.trade_value(quantity[order], reference) * rate // PICO
        else:
            value[order] = notional[order] * notional_rate // PICO
    return value


def size_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Round every candidate to the broker's lots and strike out those outside its sizes.

    A quantity is rounded down. A notional buys as many lots as it pays for at the price bound, sells as many as it
    is worth at the reference price.
    """
    order = arcs["order"].to_numpy(np.int64)
    asked, notional = orders["quantity"].to_numpy(object)[order], orders["notional"].to_numpy(object)[order]
    arcs["lot"] = lot = _lots(problem, orders, arcs)
    sizing = np.where(arcs["is_buy"], arcs["bound"], arcs["reference"])
    sizing = np.maximum(sizing, 1)
    rate = np.maximum(arcs["rate"].to_numpy(object), 1)
    spent = notional * arcs["notional_rate"].to_numpy(object) // rate
    by_notional = cost.lots_of_notional(spent, sizing, lot) * lot
    child = np.where(asked > 0, asked // lot * lot, by_notional)
    arcs["child"] = objects(child.tolist())
    arcs["notional"] = objects(notional.tolist())
    arcs["asked"] = objects(np.where(asked > 0, asked, spent * (PICO * PICO // MICRO) // sizing).tolist())
    worth = cost.trade_value(child, arcs["reference"].to_numpy(object))
    least = np.maximum(arcs["min_quantity"].to_numpy(object), lot)
    strike_size(arcs, child < least, ReasonCode.BELOW_MIN_QUANTITY, least, arcs["asked"], PICO, arcs["symbol"])
    floor = arcs["min_notional"].to_numpy(object)
    floored = arcs["is_buy"].to_numpy(bool) & (worth < floor)
    strike_size(arcs, floored, ReasonCode.BELOW_MIN_NOTIONAL, floor, worth, MICRO, arcs["currency"])
    most = arcs["max_quantity"].to_numpy(object)
    above = (most > 0) & (child > most)
    arcs["oversized"] = np.asarray(above, dtype=bool) & (arcs["code"] == "").to_numpy(bool)
    strike_size(arcs, above, ReasonCode.ABOVE_MAX_SIZE, child, most, PICO, arcs["symbol"])


def _lots(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> Integers:
    """Return the step of every candidate's quantity.

    The listing's lot, in whole units where the listing takes no fraction, or the broker none in this time in force.
    """
    order = arcs["order"].to_numpy(np.int64)
    kinds = zip(
        arcs["broker"],
        orders["asset_type"].to_numpy(object)[order],
        orders["time_in_force"].to_numpy(object)[order],
        arcs["lot"],
        arcs["fractional"],
        strict=True,
    )
    lots = []
    for broker, asset_type, time_in_force, lot, fractional in kinds:
        rules = problem.brokers[broker].rules.get(asset_type)
        whole = not fractional or (rules is not None and time_in_force not in rules.fractional_times_in_force)
        lots.append(math.lcm(lot, PICO) if whole else lot)
    return objects(lots)
