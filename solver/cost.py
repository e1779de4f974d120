"""What a child order costs and how much capital it needs.

This is the only place where fees, collars and roundings are computed.

Every function works on numbers and on numpy object columns of Python integers alike, so that one rule serves a
single child order and a batch of a million. Prices and quantities come in pico-units, money leaves in micro-units
(see `solver.domain.amounts`); roundings go against us: what a buy needs is rounded up, what it brings down.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from solver.domain.amounts import MICRO, PICO, ceil_scaled, exact_scaled, from_scaled
from solver.domain.fees import ConversionTerms, FeeSchedule
from solver.domain.order import Side

BASIS_POINT = 10_000
"""Basis points in one."""

_VALUE = PICO * PICO // MICRO
_FEE = 10**40
"""Denominator on which all parts of a commission are integers: rate (12 + 4 decimals), quantity and price (12 each)."""

# One type for a Python integer and a column of them: numpy has no annotation for "object array of int".
Integers = Any


def ceil_div(numerator: Integers, denominator: Integers) -> Integers:
    """Return ``numerator / denominator`` rounded up, exactly."""
    return -(-numerator // denominator)


def round_div(numerator: Integers, denominator: Integers) -> Integers:
    """Return ``numerator / denominator`` rounded to the nearest integer, halves up, exactly."""
    return (2 * numerator + denominator) // (2 * denominator)


def larger(one: Integers, other: Integers) -> Integers:
    """Return the larger of two, element by element, whatever their size."""
    return np.maximum(np.asarray(one, dtype=object), np.asarray(other, dtype=object))


def smaller(one: Integers, other: Integers) -> Integers:
    """Return the smaller of two, element by element, whatever their size."""
    return np.minimum(np.asarray(one, dtype=object), np.asarray(other, dtype=object))


def choose(condition: Integers, one: Integers, other: Integers) -> Integers:
    """Return `one` where the condition holds and `other` elsewhere, whatever their size."""
    return np.where(condition, np.asarray(one, dtype=object), np.asarray(other, dtype=object))


def trade_value(quantity: Integers, price: Integers) -> Integers:
    """Return quantity times price, rounded up.

    Parameters
    ----------
    quantity, price : [pico-units]

    Returns
    -------
    [micro-units of the price's currency]
    """
    return ceil_div(quantity * price, _VALUE)


def price_bound(
    is_buy: Integers,
    is_market: Integers,
    reference: Integers,
    limit: Integers,
    collar: Integers,
    tick: Integers,
) -> Integers:
    """Return the worst price at which the child order can trade; it becomes the child's limit price.

    A market order becomes a marketable limit: the reference price moved against us by the collar, to the next
    tick outside. A limit is moved to the next tick inside, so that it is never worse than what was asked.

    Parameters
    ----------
    is_buy, is_market : bool
    reference : [pico-units]
        Ask for a buy, bid for a sell; ignored for limit orders.
    limit : [pico-units]
        Ignored for market orders.
    collar : [basis points]
    tick : [pico-units]
    """
    buy_market = ceil_div(reference * (BASIS_POINT + collar), BASIS_POINT * tick) * tick
    sell_market = reference * (BASIS_POINT - collar) // (BASIS_POINT * tick) * tick
    buy_limit = limit // tick * tick
    sell_limit = ceil_div(limit, tick) * tick
    return choose(is_market, choose(is_buy, buy_market, sell_market), choose(is_buy, buy_limit, sell_limit))


def lots_of_notional(notional: Integers, price: Integers, lot: Integers) -> Integers:
    """Return the most lots whose value at `price` does not exceed `notional`.

    Parameters
    ----------
    notional : [micro-units]
    price, lot : [pico-units]
    """
    return notional * _VALUE // (price * lot)


def commission_micro(schedule: FeeSchedule, quantity: Integers, price: Integers, is_sell: Integers) -> Integers:
    """Return the commission, regulatory fees and taxes of a trade, rounded up.

    Parameters
    ----------
    schedule : FeeSchedule
    quantity, price : [pico-units]
    is_sell : bool

    Returns
    -------
    [micro-units of the listing's currency]
    """
    value = quantity * price
    fee = ceil_scaled(schedule.per_unit, PICO) * quantity * 10**16 + ceil_scaled(schedule.rate_bps, PICO) * value
    fee = larger(fee, ceil_scaled(schedule.minimum, PICO) * (_FEE // PICO))
    if schedule.maximum is not None:
        fee = smaller(fee, ceil_scaled(schedule.maximum, PICO) * (_FEE // PICO))
    if schedule.maximum_bps is not None:
        fee = smaller(fee, ceil_scaled(schedule.maximum_bps, PICO) * value)
    on_top = choose(is_sell, ceil_scaled(schedule.sell_bps, PICO), ceil_scaled(schedule.buy_bps, PICO))
    fee = fee + on_top * value
    return ceil_div(fee, _FEE // MICRO)


def commission(schedule: FeeSchedule, *, quantity: Decimal, price: Decimal, side: Side) -> Decimal:
    """Return `commission_micro` of one trade in decimals, in the listing's currency.

    Raises
    ------
    ValueError
        If `quantity` or `price` carries more than twelve decimals.
    """
    micro = commission_micro(schedule, exact_scaled(quantity, PICO), exact_scaled(price, PICO), side == Side.SELL)
    return from_scaled(int(micro), MICRO)


def required_capital(schedule: FeeSchedule, quantity: Integers, bound: Integers, is_sell: Integers) -> Integers:
    """Return the cash that a child order can draw at worst: all of it at the price bound, and the fees.

    A sell draws no cash: its fees come out of its proceeds. A fee that is taken from the coin received draws none
    either.

    Parameters
    ----------
    schedule : FeeSchedule
    quantity, bound : [pico-units]
        `bound` is the child's `price_bound`.
    is_sell : bool

    Returns
    -------
    [micro-units of the pool's currency]
    """
    need = trade_value(quantity, bound)
    if not schedule.in_received_asset:
        need = need + commission_micro(schedule, quantity, bound, is_sell)
    return choose(is_sell, 0, need)


def sure_proceeds(schedule: FeeSchedule, quantity: Integers, bound: Integers, is_sell: Integers) -> Integers:
    """Return the cash that a sell brings at worst: all of it at the price bound, less the fees; nothing for a buy.

    Parameters
    ----------
    schedule : FeeSchedule
    quantity, bound : [pico-units]
        `bound` is the child's `price_bound`.
    is_sell : bool

    Returns
    -------
    [micro-units of the pool's currency]
    """
    value = quantity * bound // _VALUE
    return choose(is_sell, larger(value - commission_micro(schedule, quantity, bound, is_sell), 0), 0)


def converted_at_worst(terms: ConversionTerms, bought: Integers, sold_rate: int, bought_rate: int) -> Integers:
    """Return what buying a currency takes of another at worst, its least fee left out: rate, collar and fee.

    Parameters
    ----------
    terms : ConversionTerms
    bought : [micro-units of the currency bought]
    sold_rate, bought_rate : int
        What one unit of each currency is worth in base currency [pico-units].

    Returns
    -------
    [micro-units of the currency sold]
    """
    worse = ceil_scaled(1 + (terms.collar_bps + terms.fee_bps) / BASIS_POINT, PICO)
    return ceil_div(bought * bought_rate * worse, sold_rate * PICO)


def conversion_fee_minimum(terms: ConversionTerms, fee_rate: int, sold_rate: int) -> int:
    """Return the least fee of a conversion [micro-units of the currency sold].

    `fee_rate` and `sold_rate` are what the fee's currency and the one sold are worth in base currency [pico-units].
    """
    return int(ceil_div(ceil_scaled(terms.fee_minimum, MICRO) * fee_rate, sold_rate))


def expected_conversion_cost(terms: ConversionTerms, value: Integers) -> Integers:
    """Return what converting a value is expected to cost, its least fee left out [units of `value`]."""
    return ceil_div(value * ceil_scaled(terms.spread_bps + terms.fee_bps, PICO), BASIS_POINT * PICO)


def affine_commission(
    schedule: FeeSchedule, lot: int, price: int, fewest: int, most: int, is_sell: bool
) -> tuple[int, int]:
    """Return a fixed part and a part for each lot that together never lie below the commission.

    Of all such functions it is the one that is smallest at full size and, among those, has the smallest fixed part.

    Parameters
    ----------
    schedule : FeeSchedule
    lot : int
        Quantity of one lot [pico-units].
    price : int
        [pico-units]
    fewest, most : int
        Lots between which it has to hold, ``1 <= fewest <= most``.
    is_sell : bool

    Returns
    -------
    fixed, per_lot : int
        [micro-units of the listing's currency]
    """

    def fee(lots: int) -> int:
        return int(commission_micro(schedule, lots * lot, price, is_sell))

    full = fee(most)
    points = [lots for lots in _kinks(schedule, lot, price, fewest, most) if lots < most]
    if not points:
        return full, 0
    per_lot = max(0, min((full - fee(lots)) // (most - lots) for lots in points))
    return max([full - per_lot * most, *(fee(lots) - per_lot * lots for lots in points)]), per_lot


def _kinks(schedule: FeeSchedule, lot: int, price: int, fewest: int, most: int) -> list[int]:
    """Return the lots around which the commission changes its slope, and both ends.

    Between two neighbours of the list the commission before rounding is a straight line.
    """
    value = Fraction(lot * price, PICO * PICO)
    rate = Fraction(schedule.per_unit) * Fraction(lot, PICO) + Fraction(schedule.rate_bps) / BASIS_POINT * value
    slopes = [rate]
    if schedule.maximum_bps is not None:
        slopes.append(Fraction(schedule.maximum_bps) / BASIS_POINT * value)
    levels = [Fraction(schedule.minimum), *([] if schedule.maximum is None else [Fraction(schedule.maximum)])]
    found = {fewest, most}
    for slope in slopes:
        for level in levels:
            if slope > 0:
                at = level / slope
                found |= {math.floor(at), math.floor(at) + 1}
    return sorted(lots for lots in found if fewest <= lots <= most)
