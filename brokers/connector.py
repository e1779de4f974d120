"""What a broker's connector does, and the frozen objects that pass through it.

A new broker is one class with these methods and one registration (`brokers.registry`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, Self

from solver.domain import (
    AssetType,
    Balance,
    Instrument,
    Listing,
    OrderType,
    Position,
    Quote,
    Side,
    TimeInForce,
)

CLIENT_ORDER_ID_LENGTH = 32
"""Fits every broker's field: the shortest takes 36 characters."""


class OrderStatus(StrEnum):
    """State of a child order. The last four are final: only an explicit correction leaves them."""

    DENIED = "DENIED"
    """Refused by ourselves; nothing was sent."""
    INTENT = "INTENT"
    """Durably recorded, not sent."""
    SENDING = "SENDING"
    """Durably recorded, being sent."""
    UNKNOWN = "UNKNOWN"
    """We cannot prove what the broker did."""
    WORKING = "WORKING"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_final(self) -> bool:
        """Tell whether the order can neither fill any more nor be sent."""
        return self in _FINAL


_FINAL = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """One instruction to one broker; only `brokers.execution` makes them.

    Attributes
    ----------
    client_order_id : str
        See `client_order_id`.
    order_id : str
        The parent order.
    broker_symbol : str
        The broker's own word for the listing.
    symbol, mic, asset_type, currency
        What is traded, and the currency that it is paid in.
    quantity : Decimal
        A multiple of the listing's lot.
    limit_price : Decimal or None
        A multiple of the listing's tick; None exactly for market orders.
    required_capital : Decimal
        The hold, in `currency`; zero for sells.
    """

    client_order_id: str
    order_id: str
    sleeve: str
    broker: str
    account: str
    broker_symbol: str
    symbol: str
    mic: str
    asset_type: AssetType
    currency: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    time_in_force: TimeInForce
    required_capital: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill (FIX ExecType=Trade).

    Attributes
    ----------
    execution_id : str
        The broker's id; unique within the broker.
    quantity, price : Decimal
        Of this fill alone.
    fee : Decimal or None
        In `fee_currency`; None while the broker has not told it.
    fee_currency : str
        A currency, or the coin that the fee was taken from.
    at : datetime
        Aware, UTC.
    """

    execution_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """What is known about a child order (FIX 35=8): the whole of it, not a change.

    Attributes
    ----------
    cum_quantity, leaves_quantity : Decimal
        Filled so far, and still able to fill.
    average_price : Decimal or None
        Of what is filled; None before the first fill.
    fee : Decimal or None
        All fees so far, in `fee_currency`; None while the broker has not told them.
    broker_order_id : str
        The broker's own id; empty where none was given.
    text : str
        The broker's words, or ours.
    at : datetime
        Aware, UTC.
    executions : tuple of Execution
        Those the broker told, oldest first.
    """

    client_order_id: str
    broker: str
    status: OrderStatus
    cum_quantity: Decimal
    leaves_quantity: Decimal
    average_price: Decimal | None = None
    fee: Decimal | None = None
    fee_currency: str = ""
    broker_order_id: str = ""
    text: str = ""
    at: datetime
    executions: tuple[Execution, ...] = ()


class Connector(Protocol):
    """One broker.

    Reads raise `Unavailable` when the broker cannot be reached. `submit` and `cancel` raise `Rejected`
    (final), `Unavailable` (nothing was sent) or `OutcomeUnknown` (sent, no answer). `submit` of an
    instruction that the broker already holds answers with its report and never makes a second order.
    """

    name: str
    """The broker's word, the same in every file."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def listings(self, universe: Collection[Instrument]) -> Sequence[Listing]:
        """Return what the broker trades, restricted to `universe` unless that is empty."""
        ...

    async def quotes(self, listings: Collection[Listing]) -> Sequence[Quote]:
        """Return the best bid and ask of those listings that have one."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Return the cash that new orders may spend, by account and currency."""
        ...

    async def positions(self) -> Sequence[Position]:
        """Return what can be sold now."""
        ...

    async def submit(self, child: ChildOrder) -> ExecutionReport:
        """Send a child order and return the broker's answer."""
        ...

    async def cancel(self, client_order_id: str) -> ExecutionReport:
        """Cancel what is left of an order; one that is final already just answers so."""
        ...

    async def report(self, client_order_id: str) -> ExecutionReport | None:
        """Return what the broker holds under an id; None if it provably holds nothing."""
        ...

    async def open_orders(self) -> Sequence[ExecutionReport]:
        """Return every order that can still fill."""
        ...


def client_order_id(batch: str, order_id: str, broker: str, attempt: int) -> str:
    """Return the id under which an attempt to send an order to a broker is known for ever.

    The same attempt has the same id on every machine and after every restart, so that a broker can refuse the
    second of two identical instructions.

    Returns
    -------
    str
        32 characters of [A-Z2-7]: 160 bits of SHA-256.
    """
    digest = hashlib.sha256(json.dumps([batch, order_id, broker, attempt]).encode()).digest()
    return base64.b32encode(digest).decode("ascii")[:CLIENT_ORDER_ID_LENGTH]
