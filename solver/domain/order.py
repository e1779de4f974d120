"""The words of an order, as FIX uses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from solver.domain.instrument import AssetType


class Side(StrEnum):
    """FIX tag 54."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """FIX tag 40."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """FIX tag 59. An order that names none gets `DAY`, a crypto order `GTC` (its market has no day)."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    OPG = "opg"
    CLS = "cls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of a sleeve, as the order file has it.

    Exactly one of `quantity` and `notional` is given. `currency` disambiguates a security; for a coin it lists
    the accepted quote currencies in order of preference.

    Attributes
    ----------
    quantity : Decimal or None
        Units of the instrument.
    notional : Decimal or None
        Value before fees, in the first accepted currency.
    limit_price : Decimal or None
        In the first accepted currency; given exactly for limit orders.
    priority : int
        Tier, 1 first.
    max_splits : int
        Most children.
    min_fill : Decimal or None
        Least share (0..1] that is worth serving; None: all of it.
    pin, forbid
        A broker to use, and brokers not to use.
    """

    order_id: str
    symbol: str
    side: Side
    quantity: Decimal | None = None
    notional: Decimal | None = None
    asset_type: AssetType | None = None
    mic: str = ""
    currency: tuple[str, ...] = ()
    sleeve: str = ""
    account: str = ""
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    priority: int = 1
    created_at: datetime | None = None
    expire_at: datetime | None = None
    signal: str = ""
    max_splits: int = 1
    min_fill: Decimal | None = None
    basket: str = ""
    same_broker: str = ""
    pin: str = ""
    forbid: tuple[str, ...] = ()
