"""How one broker trades one instrument in one currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from solver.domain.instrument import AssetType, Instrument, instrument_key


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of a broker's catalogue: an instrument at a broker in a quote currency.

    Attributes
    ----------
    broker : str
        Name of the broker.
    symbol, asset_type, mic, isin, name
        The instrument, see `solver.domain.Instrument`.
    currency : str
        Currency that a buy draws on; for a coin the quote currency of the pair.
    broker_symbol : str
        The broker's own word for it (``BTC/USD``, ``BTC_USD``, ``BRK B``); unique within the broker.
    lot : Decimal
        Step of the quantity; every child order is a multiple of it.
    min_quantity, min_notional : Decimal
        Least quantity, and least value in `currency`, that the broker takes; zero where none is known.
    max_quantity : Decimal or None
        Largest quantity of one order; None where the broker publishes none.
    tick : Decimal
        Step of the price.
    fractional : bool
        Whether quantities below one unit are taken.
    tradable, shortable : bool
        Whether the broker trades it now, and whether it may be sold short.
    """

    broker: str
    symbol: str
    asset_type: AssetType
    mic: str
    currency: str
    broker_symbol: str
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_quantity: Decimal | None
    tick: Decimal
    fractional: bool
    tradable: bool
    shortable: bool
    isin: str = ""
    name: str = ""

    @property
    def instrument(self) -> Instrument:
        """Return the instrument that this listing trades."""
        coin = self.asset_type == AssetType.CRYPTO
        return Instrument(
            self.symbol,
            "" if coin else self.mic,
            "" if coin else self.currency,
            self.asset_type,
            self.isin,
            self.name,
        )

    @property
    def instrument_key(self) -> str:
        """Return the one-word identity of the instrument."""
        return instrument_key(self.symbol, self.mic, self.currency, self.asset_type)
