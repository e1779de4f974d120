"""Prices: a quote of a listing, and a rate between two currencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of a symbol in a currency.

    Attributes
    ----------
    symbol, mic, currency : str
        What is quoted; for a coin `currency` is the quote currency of the pair and `mic` is empty.
    bid, ask : Decimal
        Best prices, in `currency`.
    as_of : datetime
        When the prices were seen (aware, UTC).
    broker : str
        The broker whose price it is; empty if it holds for every broker.
    """

    symbol: str
    mic: str
    currency: str
    bid: Decimal
    ask: Decimal
    as_of: datetime
    broker: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """Units of `to` that one unit of `from_` is worth.

    The rate weighs orders of different currencies against each other; it is never used to take one
    currency's cash for another's.
    """

    from_: str
    to: str
    rate: Decimal
    as_of: datetime
