"""A broker as the decision sees it: its order rules and its fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from solver.domain.fees import ConversionTerms, FeeSchedule, TransactionTax
from solver.domain.order import OrderType, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRules:
    """Which kinds of order a broker takes for one asset type.

    Attributes
    ----------
    order_types : frozenset of OrderType
    times_in_force : frozenset of TimeInForce
    fractional_times_in_force : frozenset of TimeInForce
        Those it takes for a quantity that is not a whole number.
    """

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    fractional_times_in_force: frozenset[TimeInForce]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One broker.

    Attributes
    ----------
    name : str
        The word used in every file: ``ibkr``, ``alpaca``, ``crypto_com``.
    title : str
        The name for people.
    rules : mapping of str to OrderRules
        By asset type; an asset type that is missing is not traded there.
    fees : mapping of (str, str) to FeeSchedule
        By asset type and currency; currency ``*`` for every other one.
    taxes : tuple of TransactionTax
        Taxes on buys that the broker collects.
    instant_proceeds : frozenset of str
        Asset types whose sale proceeds can be spent in the same batch (coins settle at once; shares in a margin
        account).
    conversion : ConversionTerms or None
        What changing currencies costs; None where the broker does not change any.
    is_up : bool
        Whether the broker can be reached now.
    """

    name: str
    title: str
    rules: Mapping[str, OrderRules] = field(default_factory=dict)
    fees: Mapping[tuple[str, str], FeeSchedule] = field(default_factory=dict)
    taxes: tuple[TransactionTax, ...] = ()
    instant_proceeds: frozenset[str] = frozenset()
    conversion: ConversionTerms | None = None
    is_up: bool = True

    def fee_schedule(self, asset_type: str, currency: str, mic: str = "", isin: str = "") -> FeeSchedule:
        """Return the schedule of a listing, taxes on buying it included; a free one where none is known."""
        keys = ((asset_type, currency), (asset_type, "*"))
        found = next((self.fees[key] for key in keys if key in self.fees), FeeSchedule(source="none known"))
        taxes = [tax.rate_bps for tax in self.taxes if tax.applies(asset_type, mic, isin)]
        return replace(found, buy_bps=found.buy_bps + sum(taxes, Decimal(0))) if taxes else found
