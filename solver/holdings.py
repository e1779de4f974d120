"""Which instrument a position means: a table may abbreviate it, and nobody guesses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from solver.domain.amounts import PICO, exact_scaled
from solver.domain.instrument import AssetType, Instrument
from solver.errors import Violation
from solver.tables import shown


def matching_instruments(symbol: str, mic: str, currency: str, traded: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """Return the instruments that the words of a position can mean, by rising key.

    Empty words fit everything. A coin has neither exchange nor currency: the bare symbol is its full identity, so
    that it means the coin even where a share bears the same one.

    Parameters
    ----------
    symbol, mic, currency : str
        Of the position.
    traded : iterable of Instrument
        What its broker trades.

    Returns
    -------
    tuple of Instrument
        One if the position is clear, several if it is ambiguous, none if the broker trades nothing of these words.
    """
    fitting = {
        each.key: each
        for each in traded
        if each.symbol == symbol
        and mic in ("", each.mic)
        and (each.asset_type is AssetType.CRYPTO or currency in ("", each.currency))
    }
    if not mic and not currency and symbol in fitting:
        return (fitting[symbol],)
    return tuple(fitting[key] for key in sorted(fitting))


def ambiguous_positions(positions: pd.DataFrame, listings: pd.DataFrame) -> list[Violation]:
    """Return a violation for every position that could be several instruments of its broker.

    Parameters
    ----------
    positions, listings : DataFrame
        Canonical tables.
    """
    rows = zip(positions["broker"], positions["symbol"], _matches(positions, listings), strict=True)
    return [
        Violation(
            f"give mic and currency: {broker} lists several instruments of this symbol ({_keys(found)})",
            "positions",
            row,
            "symbol",
            shown(symbol),
            by_row=True,
        )
        for row, (broker, symbol, found) in enumerate(rows, start=1)
        if len(found) > 1
    ]


def _keys(instruments: Iterable[Instrument]) -> str:
    return ", ".join(each.key for each in instruments)


def held_quantities(positions: pd.DataFrame, listings: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """Return what each broker, account and instrument (its key) holds, sleeves added up [pico-units].

    A position that means no instrument of its broker, or several, counts for nothing.

    Parameters
    ----------
    positions, listings : DataFrame
        Canonical tables.
    """
    held: dict[tuple[str, str, str], int] = {}
    words = positions[["broker", "account", "quantity"]].itertuples(index=False, name=None)
    for (broker, account, quantity), found in zip(words, _matches(positions, listings), strict=True):
        if len(found) == 1:
            where = (broker, account, found[0].key)
            held[where] = held.get(where, 0) + exact_scaled(quantity, PICO)
    return held


def _matches(positions: pd.DataFrame, listings: pd.DataFrame) -> Iterator[tuple[Instrument, ...]]:
    """Yield the instruments that each position can mean."""
    traded: dict[tuple[str, str], list[Instrument]] = {}
    named = listings[listings["symbol"].isin(positions["symbol"])]
    columns = ["broker", "symbol", "mic", "currency", "asset_type"]
    for broker, symbol, mic, currency, kind in named[columns].itertuples(index=False, name=None):
        coin = kind == AssetType.CRYPTO
        instrument = Instrument(symbol, "" if coin else mic, "" if coin else currency, AssetType(kind))
        traded.setdefault((broker, symbol), []).append(instrument)
    for broker, symbol, mic, currency in positions[columns[:4]].itertuples(index=False, name=None):
        yield matching_instruments(symbol, mic, currency, traded.get((broker, symbol), []))
