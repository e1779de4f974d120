"""What must hold among the demo's files, checked whenever they are made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from scenarios.demo.book import Day, Market, OrderRow, first_choice
from scenarios.demo.catalogue import ListingRow, QuoteRow, Universe

LEAST = {"stock_us": 150, "etf_us": 60, "etf_intl": 30, "stock_intl": 80}
"""Fewest instruments of each class."""


def contradictions(
    universe: Universe,
    listings: Sequence[ListingRow],
    quotes: Sequence[QuoteRow],
    days: Mapping[str, Day],
    market: Market,
) -> list[str]:
    """Return every broken promise as a sentence; none is the good answer."""
    found = _universe(universe, listings)
    found += _listings(listings)
    found += _quotes(quotes, listings, market)
    for name, day in days.items():
        found += [f"{name}: {sentence}" for sentence in _day(day, market)]
    unknown = [order.order_id for order in days["binding"].orders if first_choice(order, market) is None]
    if len(unknown) != 1:
        found.append(f"binding: not exactly one unknown ticker: {unknown}")
    return found


def is_isin(text: str) -> bool:
    """Return whether the form and the check digit of an ISIN are right.

    Examples
    --------
    >>> is_isin("FR0000120271"), is_isin("FR0000120272")
    (True, False)

    References
    ----------
    ISO 6166, annex on the check digit (Luhn on letters as two digits).
    """
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", text):
        return False
    digits = [int(digit) for character in text for digit in str(int(character, 36))]
    doubled = [digit * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _universe(universe: Universe, listings: Iterable[ListingRow]) -> list[str]:
    rows = universe.securities
    found = [f"{row.symbol}: bad ISIN {row.isin}" for row in rows if row.isin and not is_isin(row.isin)]
    counts = Counter(row.asset_type for row in rows)
    found += [f"only {counts[name]} of {name}" for name, least in LEAST.items() if counts[name] < least]
    pairs = Counter(row.broker for row in listings if row.asset_type == "crypto")
    if pairs["alpaca"] != 57 or pairs["crypto_com"] < 80:
        found.append(f"pairs: {dict(pairs)}")
    symbols = Counter([row.symbol for row in rows] + [coin.symbol for coin in universe.coins])
    return found + [f"{symbol}: not unique" for symbol, count in symbols.items() if count > 1]


def _listings(rows: Sequence[ListingRow]) -> list[str]:
    names = Counter((row.broker, row.broker_symbol) for row in rows)
    found = [f"{name}: listed {count} times" for name, count in names.items() if count > 1]
    found += [f"{row.broker_symbol}: no positive step" for row in rows if min(row.lot, row.tick) <= 0]
    return found + [f"{row.broker_symbol}: minimum below a lot" for row in rows if row.min_quantity < row.lot]


def _quotes(quotes: Iterable[QuoteRow], listings: Iterable[ListingRow], market: Market) -> list[str]:
    found = [f"{quote.symbol} {quote.currency}: crossed" for quote in quotes if not 0 < quote.bid < quote.ask]
    for listing in listings:
        quote = market.quote(listing)
        if quote.bid % listing.tick or quote.ask % listing.tick:
            found.append(f"{listing.broker_symbol}: quote off the tick")
    return found


def _day(day: Day, market: Market) -> list[str]:
    found = [f"{order_id}: not unique" for order_id, n in Counter(o.order_id for o in day.orders).items() if n > 1]
    for order in day.orders:
        found += _order(order, market)
    names = {(row.broker, row.symbol) for rows in market.by_symbol.values() for row in rows}
    found += [f"{row.symbol}: held, not listed" for row in day.positions if (row.broker, row.symbol) not in names]
    held = Counter((row.broker, row.account, row.symbol) for row in day.positions)
    return found + [f"{key}: held twice" for key, count in held.items() if count > 1]


def _order(order: OrderRow, market: Market) -> list[str]:
    listing = first_choice(order, market)
    if listing is None:
        return []
    found = []
    if bool(order.quantity) == bool(order.notional):
        found.append(f"{order.order_id}: not exactly one of quantity and notional")
    rows = [row for row in market.choices(order.sleeve, listing.symbol) if row.currency == listing.currency]
    for row in rows:
        if order.limit_price and Decimal(order.limit_price) % row.tick:
            found.append(f"{order.order_id}: limit off the tick of {row.broker}")
        if order.quantity and Decimal(order.quantity) % row.lot:
            found.append(f"{order.order_id}: quantity off the lot of {row.broker}")
        ask = market.quote(row).ask
        value = Decimal(order.notional) if order.notional else Decimal(order.quantity) * ask
        if value < max(row.min_notional, row.min_quantity * ask):
            found.append(f"{order.order_id}: below the minimum of {row.broker}")
    return found
