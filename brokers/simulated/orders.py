"""An order as the simulated venue knows it, and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from enum import StrEnum
from fractions import Fraction

from brokers.connector import Execution, OrderStatus
from solver.domain import PICO, Listing, OrderType, Side, TimeInForce
from solver.domain.amounts import from_scaled

_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero])


@contextmanager
def exact() -> Iterator[None]:
    """Compute without rounding: whatever cannot be exact raises instead."""
    with localcontext(_EXACT):
        yield


class RefusalKind(StrEnum):
    """Why a venue refuses; each venue has words and codes of its own for these."""

    DUPLICATE_CLIENT_ORDER_ID = "DUPLICATE_CLIENT_ORDER_ID"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    NOT_TRADABLE = "NOT_TRADABLE"
    ORDER_TYPE_UNSUPPORTED = "ORDER_TYPE_UNSUPPORTED"
    TIME_IN_FORCE_UNSUPPORTED = "TIME_IN_FORCE_UNSUPPORTED"
    NO_MARK_PRICE = "NO_MARK_PRICE"
    BAD_PRICE = "BAD_PRICE"
    BAD_QUANTITY = "BAD_QUANTITY"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    ABOVE_MAXIMUM = "ABOVE_MAXIMUM"
    INSUFFICIENT_CASH = "INSUFFICIENT_CASH"
    INSUFFICIENT_POSITION = "INSUFFICIENT_POSITION"


class RefusalError(Exception):
    """The venue refuses; it keeps no record of the order, and its client order id stays free."""

    def __init__(self, kind: RefusalKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{reason} [{kind}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What reaches the venue (FIX 35=D)."""

    client_order_id: str
    account: str
    broker_symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    time_in_force: TimeInForce


@dataclass(slots=True)
class VenueOrder:
    """An order that the venue has accepted, with all that became of it.

    Attributes
    ----------
    commission : Decimal
        Charged so far, in the currency of the listing even where it was taken from the coin.
    fee : Decimal
        Charged so far, in `fee_currency`.
    reserved : Decimal
        What is kept for it: cash for a buy, units of the instrument for a sell.
    """

    placed: NewOrder
    listing: Listing
    broker_order_id: str
    at: datetime
    fee_currency: str
    status: OrderStatus = OrderStatus.WORKING
    executions: list[Execution] = field(default_factory=list)
    commission: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    @property
    def is_buy(self) -> bool:
        """Tell the side."""
        return self.placed.side is Side.BUY

    @property
    def cum_quantity(self) -> Decimal:
        """Return what is filled."""
        with exact():
            return sum((each.quantity for each in self.executions), Decimal(0))

    @property
    def open_quantity(self) -> Decimal:
        """Return what is not filled."""
        with exact():
            return self.placed.quantity - self.cum_quantity

    @property
    def leaves_quantity(self) -> Decimal:
        """Return what can still fill."""
        return Decimal(0) if self.status.is_final else self.open_quantity

    @property
    def average_price(self) -> Decimal | None:
        """Return the average price of what is filled, to twelve decimals; None before the first fill."""
        if not self.executions:
            return None
        value = sum(Fraction(each.quantity) * Fraction(each.price) for each in self.executions)
        average = value / Fraction(self.cum_quantity)
        return from_scaled(average.numerator * PICO // average.denominator, PICO)
