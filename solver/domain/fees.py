"""What a broker charges for a trade, as data; `solver.cost` does the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionTerms:
    """What changing one currency into another costs inside a broker.

    Attributes
    ----------
    currencies : frozenset of str
        Between any two of these.
    collar_bps : Decimal
        How far beyond the known rate a conversion may trade: what it is limited to and needs capital for.
    spread_bps : Decimal
        How much worse than the known rate it is expected to trade.
    fee_bps, fee_minimum : Decimal
        Commission in basis points of the value, and the least of it in `fee_currency`.
    fee_currency : str
    source : str
        Where the figures come from.
    """

    currencies: frozenset[str]
    collar_bps: Decimal = Decimal(0)
    spread_bps: Decimal = Decimal(0)
    fee_bps: Decimal = Decimal(0)
    fee_minimum: Decimal = Decimal(0)
    fee_currency: str = "USD"
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionTax:
    """A tax on buying the shares of a country's companies.

    Attributes
    ----------
    name : str
    asset_types : frozenset of str
    countries : frozenset of str
        First two letters of the ISIN.
    mics : frozenset of str
        Exchanges whose listings count as taxed where the ISIN is not known: too much is set aside rather than too
        little.
    rate_bps : Decimal
        Of the value bought.
    source : str
        Where the rate comes from.
    """

    name: str
    asset_types: frozenset[str]
    countries: frozenset[str]
    mics: frozenset[str] = frozenset()
    rate_bps: Decimal = Decimal(0)
    source: str = ""

    def applies(self, asset_type: str, mic: str, isin: str) -> bool:
        """Return whether buying a listing is taxed."""
        taxed = isin[:2] in self.countries if isin else mic in self.mics
        return taxed and asset_type in self.asset_types


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSchedule:
    """Commission of one broker for one asset type in one currency.

    The commission is ``per_unit x quantity + rate_bps x value``, at least `minimum`, and at most
    `maximum` and `maximum_bps` of the value; where the cap lies below the minimum the cap wins.
    Sells pay `sell_bps` of the value on top (regulatory fees), buys `buy_bps` (transaction taxes).

    Attributes
    ----------
    per_unit : Decimal
        Per share or coin, in the currency of the listing.
    rate_bps, sell_bps, buy_bps, maximum_bps : Decimal
        Basis points of the traded value; `maximum_bps` None: no such cap.
    minimum, maximum : Decimal
        In the currency of the listing; `maximum` None: no cap.
    in_received_asset : bool
        Taken from what the trade brings in (the coin on a buy, the cash on a sell) instead of the cash of a buy.
    source : str
        Where the figures come from.
    """

    per_unit: Decimal = Decimal(0)
    rate_bps: Decimal = Decimal(0)
    sell_bps: Decimal = Decimal(0)
    buy_bps: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    maximum: Decimal | None = None
    maximum_bps: Decimal | None = None
    in_received_asset: bool = False
    source: str = ""
