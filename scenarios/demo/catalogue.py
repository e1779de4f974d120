"""The demo's market: hand-kept facts of `universe/` turned into listings, quotes and exchange rates.

What is real and what is illustrative is said field by field in `provenance.csv`; the rules that invent a
figure are the functions below whose docstring says "illustrative" or "invented".
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

SEED = "multibroker demo 2026-11-23"
"""Seed of every draw; each draw appends what it is for, so that a new instrument moves no other."""

AS_OF = "2026-11-23T14:45:00Z"
"""The instant of all quotes and rates."""

BASE = "EUR"
"""Base currency of the desk."""

ALPACA, CRYPTO_COM, IBKR = "alpaca", "crypto_com", "ibkr"

RATES = {
    "USD": Decimal("0.8642"),
    "USDC": Decimal("0.8639"),
    "USDT": Decimal("0.8636"),
    "GBP": Decimal("1.1384"),
    "CHF": Decimal("1.0721"),
    "JPY": Decimal("0.005524"),
    "SEK": Decimal("0.09112"),
    "DKK": Decimal("0.13391"),
    "BTC": Decimal("74668.32"),
}
"""Invented: what one unit is worth in the base currency."""

ALPACA_RECORDED = {
    "BTC/USD": ("0.000028257", "1"),
    "ETH/USD": ("0.000528736", "0.1"),
    "LTC/USD": ("0.013623978", "0.005"),
    "AAVE/USD": ("0.010186515", "0.01"),
    "DOGE/USDC": ("9.33706816", "0.000000001"),
    "BTC/USDT": ("0.000027904", "1"),
    "LTC/USDT": ("0.013551971", "0.005"),
}
"""Recorded at Alpaca: least quantity and price step, by pair."""

CRYPTO_COM_RECORDED = {
    "BTC_USD": ("0.00001", "0.01"),
    "BTC_USDT": ("0.00001", "0.01"),
    "ETH_USDT": ("0.0001", "0.01"),
    "LTC_USDT": ("0.001", "0.001"),
    "XRP_USDT": ("1", "0.00001"),
    "ADA_USDT": ("1", "0.00001"),
    "DOGE_USDT": ("1", "0.000001"),
}
"""Recorded at the Crypto.com Exchange: quantity step and price step, by pair."""

_ONE_BP = Decimal("0.0001")
_ALPACA_LOT = Decimal("0.000000001")
_CENT = Decimal("0.01")
_EUROPEAN_TICKS = (
    (Decimal(10), Decimal("0.001")),
    (Decimal(50), Decimal("0.005")),
    (Decimal(100), Decimal("0.01")),
    (Decimal(500), Decimal("0.05")),
    (Decimal(2000), Decimal("0.1")),
)
_TOKYO_TICKS = (
    (Decimal(1000), Decimal("0.1")),
    (Decimal(3000), Decimal("0.5")),
    (Decimal(10000), Decimal(1)),
    (Decimal(30000), Decimal(5)),
)


class Security(NamedTuple):
    """A share or fund of `universe/`; `ibkr_only` means that the demo lists it at IBKR alone."""

    symbol: str
    name: str
    isin: str
    mic: str
    currency: str
    asset_type: str
    ibkr_only: bool
    price: Decimal


class Coin(NamedTuple):
    """A coin of `universe/`, with the currencies it is quoted in at either venue and its price in USD."""

    symbol: str
    name: str
    alpaca_quotes: tuple[str, ...]
    crypto_com_quotes: tuple[str, ...]
    price: Decimal


class ListingRow(NamedTuple):
    """One row of `listings.csv`."""

    broker: str
    symbol: str
    asset_type: str
    mic: str
    currency: str
    broker_symbol: str
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_quantity: str
    tick: Decimal
    fractional: bool
    tradable: bool
    shortable: bool
    isin: str
    name: str


class QuoteRow(NamedTuple):
    """One row of `quotes.csv`."""

    symbol: str
    mic: str
    currency: str
    bid: Decimal
    ask: Decimal
    as_of: str
    broker: str


@dataclass(frozen=True)
class Universe:
    """Everything that `universe/` says."""

    securities: tuple[Security, ...]
    coins: tuple[Coin, ...]


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros.

    Examples
    --------
    >>> plain(Decimal("1E+3")), plain(Decimal("0.10"))
    ('1000', '0.1')
    """
    return format(value.normalize(), "f")


def on_step(value: Decimal, step: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return `value` rounded to a multiple of `step`."""
    return (value / step).to_integral_value(rounding) * step


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column name."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_universe(folder: Path) -> Universe:
    """Return the facts kept in `folder`."""
    sources = (
        ("us_stocks.csv", "stock_us"),
        ("us_etfs.csv", "etf_us"),
        ("ucits_etfs.csv", "etf_intl"),
        ("intl_stocks.csv", "stock_intl"),
    )
    securities = tuple(
        Security(
            row["symbol"],
            row["name"],
            row.get("isin", ""),
            row["mic"],
            row.get("currency", "USD"),
            asset_type,
            row.get("ibkr_only", "false") == "true",
            Decimal(row["reference_price"]),
        )
        for name, asset_type in sources
        for row in read_rows(folder / name)
    )
    coins = tuple(
        Coin(
            row["symbol"],
            row["name"],
            _split(row["alpaca_quotes"]),
            _split(row["crypto_com_quotes"]),
            Decimal(row["reference_price"]),
        )
        for row in read_rows(folder / "coins.csv")
    )
    return Universe(securities, coins)


def listings(universe: Universe) -> list[ListingRow]:
    """Return one row per broker, instrument and quote currency, sorted by broker and instrument."""
    rows = [_ibkr_listing(security) for security in universe.securities]
    rows += [_alpaca_equity(s) for s in universe.securities if is_at_alpaca(s)]
    for coin in universe.coins:
        rows += [_alpaca_pair(coin, quote) for quote in coin.alpaca_quotes]
        rows += [_crypto_com_pair(coin, quote) for quote in coin.crypto_com_quotes]
    return sorted(rows, key=lambda row: (row.broker, row.asset_type, row.mic, row.symbol, row.currency))


def is_at_alpaca(security: Security) -> bool:
    """Return whether the demo lists the security at Alpaca: US listings, but for the few marked."""
    return security.asset_type in ("stock_us", "etf_us") and not security.ibkr_only


def quotes(universe: Universe, rows: Iterable[ListingRow]) -> list[QuoteRow]:
    """Return a quote for every listing; a security's holds for every broker, a coin's for one."""
    prices = {(s.symbol, s.mic, s.currency): s.price for s in universe.securities}
    coins = {coin.symbol: coin for coin in universe.coins}
    made: dict[tuple[str, str, str, str], QuoteRow] = {}
    for row in rows:
        coin = coins.get(row.symbol) if row.asset_type == "crypto" else None
        broker = "" if coin is None else row.broker
        price = coin_price(coin, row.currency) if coin else prices[row.symbol, row.mic, row.currency]
        key = (row.symbol, row.mic, row.currency, broker)
        if key not in made:
            made[key] = _quote(row, price, broker)
    return sorted(made.values(), key=lambda quote: (quote.mic, quote.symbol, quote.currency, quote.broker))


def coin_price(coin: Coin, quote: str) -> Decimal:
    """Return the reference price of a coin in one of its quote currencies."""
    return coin.price * RATES["USD"] / RATES[quote]


def exchange_rates() -> list[tuple[str, str, str, str]]:
    """Return the rows of `fx.csv`."""
    return [(currency, BASE, plain(rate), AS_OF) for currency, rate in RATES.items()]


def five_digits(price: Decimal, least: Decimal, most: Decimal) -> Decimal:
    """Return an illustrative price step: the fifth significant digit of the price, within bounds."""
    return min(most, max(least, Decimal(1).scaleb(price.adjusted() - 4)))


def coin_lot(price: Decimal) -> Decimal:
    """Return an illustrative quantity step: a power of ten worth between 0.1 and 1 unit of quote currency."""
    return Decimal(1).scaleb(-price.adjusted() - 1)


def security_tick(price: Decimal, currency: str) -> Decimal:
    """Return the price step at IBKR: a cent in USD, elsewhere an illustrative band of the price."""
    if currency == "USD":
        return _CENT
    bands, last = (_TOKYO_TICKS, Decimal(10)) if currency == "JPY" else (_EUROPEAN_TICKS, Decimal("0.5"))
    return next((tick for edge, tick in bands if price < edge), last)


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _ibkr_listing(security: Security) -> ListingRow:
    lot = Decimal(100 if security.mic == "XTKS" else 1)
    return ListingRow(
        broker=IBKR,
        symbol=security.symbol,
        asset_type=security.asset_type,
        mic=security.mic,
        currency=security.currency,
        broker_symbol=security.symbol.replace(".", " "),
        lot=lot,
        min_quantity=lot,
        min_notional=Decimal(0),
        max_quantity="",
        tick=security_tick(security.price, security.currency),
        fractional=False,
        tradable=True,
        shortable=security.mic != "OTCM",
        isin=security.isin,
        name=security.name,
    )


def _alpaca_equity(security: Security) -> ListingRow:
    return ListingRow(
        broker=ALPACA,
        symbol=security.symbol,
        asset_type=security.asset_type,
        mic=security.mic,
        currency=security.currency,
        broker_symbol=security.symbol,
        lot=_ALPACA_LOT,
        min_quantity=_ALPACA_LOT,
        min_notional=Decimal(1),
        max_quantity="",
        tick=_CENT,
        fractional=True,
        tradable=True,
        shortable=True,
        isin=security.isin,
        name=security.name,
    )


def _alpaca_pair(coin: Coin, quote: str) -> ListingRow:
    pair = f"{coin.symbol}/{quote}"
    least = (1 / coin.price).quantize(_ALPACA_LOT, ROUND_CEILING)
    tick = five_digits(coin_price(coin, quote), _ALPACA_LOT, Decimal(1))
    if pair in ALPACA_RECORDED:
        least, tick = (Decimal(text) for text in ALPACA_RECORDED[pair])
    return _pair(
        coin,
        quote,
        ALPACA,
        pair,
        (_ALPACA_LOT, least, tick),
        min_notional=Decimal(10 if quote == "USD" else 0),
    )


def _crypto_com_pair(coin: Coin, quote: str) -> ListingRow:
    pair = f"{coin.symbol}_{quote}"
    lot = coin_lot(coin.price)
    tick = five_digits(coin_price(coin, quote), Decimal("0.0000000001"), _CENT)
    if pair in CRYPTO_COM_RECORDED:
        lot, tick = (Decimal(text) for text in CRYPTO_COM_RECORDED[pair])
    return _pair(coin, quote, CRYPTO_COM, pair, (lot, lot, tick), min_notional=Decimal(0))


def _pair(
    coin: Coin, quote: str, broker: str, pair: str, steps: Sequence[Decimal], *, min_notional: Decimal
) -> ListingRow:
    lot, least, tick = steps
    return ListingRow(
        broker=broker,
        symbol=coin.symbol,
        asset_type="crypto",
        mic="",
        currency=quote,
        broker_symbol=pair,
        lot=lot,
        min_quantity=least,
        min_notional=min_notional,
        max_quantity="",
        tick=tick,
        fractional=lot < 1,
        tradable=True,
        shortable=False,
        isin="",
        name=coin.name,
    )


def _quote(row: ListingRow, price: Decimal, broker: str) -> QuoteRow:
    """Return a quote around `price`: invented, on the tick, bid below ask."""
    rng = random.Random(f"{SEED}/quote/{row.symbol}/{row.mic}/{row.currency}/{broker}")
    drift, widest = (8, 20) if row.asset_type == "crypto" else (40, 4 if row.currency == "USD" else 10)
    middle = price * (1 + _ONE_BP * rng.randint(-drift, drift))
    half = middle * _ONE_BP * rng.randint(1, widest) / 2
    bid = on_step(middle - half, row.tick, ROUND_FLOOR)
    ask = max(on_step(middle + half, row.tick, ROUND_CEILING), bid + row.tick)
    return QuoteRow(row.symbol, row.mic, row.currency, bid, ask, AS_OF, broker)
