"""What is traded: an asset type and an instrument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AssetType(StrEnum):
    """The classes that routing preferences speak of; `OTHER` is the default for anything else."""

    STOCK_US = "stock_us"
    STOCK_INTL = "stock_intl"
    ETF_US = "etf_us"
    ETF_INTL = "etf_intl"
    CRYPTO = "crypto"
    OTHER = "other"


@dataclass(frozen=True, slots=True, order=True)
class Instrument:
    """One thing that can be held, whichever broker trades it.

    A security is its symbol on a listing exchange in a currency. A coin is its symbol alone: `mic` and
    `currency` are empty, since the quote currency belongs to the listing and not to the coin.

    Attributes
    ----------
    symbol : str
        Ticker (``AAPL``, ``BRK.B``) or coin (``BTC``).
    mic : str
        ISO 10383 market identifier code of the listing exchange; empty for coins.
    currency : str
        Trading currency (ISO 4217); empty for coins.
    asset_type : AssetType
        Class that decides the default preferences.
    isin : str
        ISO 6166 number where known.
    name : str
        Human name where known.
    """

    symbol: str
    mic: str
    currency: str
    asset_type: AssetType
    isin: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Return the identity as one word: ``AAPL@XNAS:USD``, or the bare coin."""
        return instrument_key(self.symbol, self.mic, self.currency, self.asset_type)


def instrument_key(symbol: str, mic: str, currency: str, asset_type: str) -> str:
    """Return the one-word identity of an instrument; for coins `mic` and `currency` are left out.

    Examples
    --------
    >>> instrument_key("AAPL", "XNAS", "USD", "stock_us")
    'AAPL@XNAS:USD'
    >>> instrument_key("BTC", "", "USDT", "crypto")
    'BTC'
    """
    if asset_type == AssetType.CRYPTO:
        return symbol
    return f"{symbol}@{mic}:{currency}"
