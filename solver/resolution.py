"""Which instrument an order means: by symbol or ISIN, narrowed by exchange, currency and asset type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from solver.domain.instrument import AssetType, Instrument, instrument_key
from solver.errors import Violation
from solver.tables import shown


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an order's words lead to.

    Attributes
    ----------
    instruments : tuple of Instrument
        One if the order is clear, several if it is ambiguous, none if nothing is known by these words.
    suggestion : str
        The nearest known symbol where nothing is known.
    """

    instruments: tuple[Instrument, ...]
    suggestion: str = ""


class Directory:
    """All instruments of a catalogue, found by symbol or ISIN."""

    def __init__(self, listings: pd.DataFrame, classification: Mapping[tuple[str, str], str]) -> None:
        self._by_name: dict[str, dict[str, Instrument]] = {}
        columns = ["symbol", "asset_type", "mic", "currency", "isin", "name"]
        for symbol, asset_type, mic, currency, isin, name in (
            listings[columns].drop_duplicates().itertuples(index=False)
        ):
            kind = classification.get((symbol, mic)) or classification.get((symbol, "")) or asset_type
            coin = asset_type == AssetType.CRYPTO
            if coin != (kind == AssetType.CRYPTO):
                kind = asset_type
            key = instrument_key(symbol, mic, currency, asset_type)
            instrument = Instrument(symbol, "" if coin else mic, "" if coin else currency, AssetType(kind), isin, name)
            for word in filter(None, (symbol, isin)):
                self._by_name.setdefault(word, {}).setdefault(key, instrument)
        self._by_capitals = {word.upper(): word for word in self._by_name}

    def resolve(self, symbol: str, mic: str, currency: str, asset_type: str) -> Resolution:
        """Return the instruments that fit an order's words; empty words fit everything.

        An asset type tells coins from securities; between securities the nearest class is preferred, and if none is
        left the order's own word stands.
        """
        candidates = list(self._by_name.get(symbol, {}).values())
        currencies = currency.split("|") if currency else []
        fitting = [
            instrument
            for instrument in candidates
            if (instrument.asset_type == AssetType.CRYPTO)
            or (mic in ("", instrument.mic) and (not currencies or instrument.currency in currencies))
        ]
        if mic:
            fitting = [instrument for instrument in fitting if instrument.mic == mic]
        if asset_type:
            is_coin = asset_type == AssetType.CRYPTO
            fitting = [i for i in fitting if (i.asset_type == AssetType.CRYPTO) == is_coin]
            fitting = [i for i in fitting if i.asset_type == asset_type] or fitting
        if fitting:
            return Resolution(tuple(fitting))
        known = ", ".join(instrument.key for instrument in candidates[:3])
        return Resolution((), known or self._nearest(symbol))

    def _nearest(self, symbol: str) -> str:
        found = difflib.get_close_matches(symbol.upper(), self._by_capitals, n=1, cutoff=0.6)
        return self._by_capitals[found[0]] if found else ""


def resolve_orders(
    orders: pd.DataFrame, listings: pd.DataFrame, classification: Mapping[tuple[str, str], str]
) -> tuple[pd.DataFrame, list[Violation]]:
    """Return the instrument of every order, and a violation for every ambiguous one.

    Parameters
    ----------
    orders, listings : DataFrame
        Canonical tables.
    classification : mapping of (str, str) to str
        Asset types that the policy gives to single instruments.

    Returns
    -------
    DataFrame, shape (n_orders, 5)
        Columns ``instrument`` (key, empty if unknown), ``asset_type``, ``mic``, ``instrument_currency`` and
        ``suggestion``.
    list of Violation
    """
    directory = Directory(listings, classification)
    words = list(zip(orders.symbol, orders.mic, orders.currency, orders.asset_type, strict=True))
    found = {word: directory.resolve(*word) for word in dict.fromkeys(words)}
    violations = list(_ambiguities(orders, words, found))
    rows = []
    for word in words:
        resolution = found[word]
        if len(resolution.instruments) != 1:
            rows.append(("", word[3] or str(AssetType.OTHER), word[1], "", resolution.suggestion))
            continue
        instrument = resolution.instruments[0]
        kind = word[3] or str(instrument.asset_type)
        rows.append((instrument.key, kind, instrument.mic, instrument.currency, ""))
    columns = ["instrument", "asset_type", "mic", "instrument_currency", "suggestion"]
    return pd.DataFrame(rows, columns=columns, dtype=object), violations


def _ambiguities(
    orders: pd.DataFrame,
    words: Iterable[tuple[str, str, str, str]],
    found: Mapping[tuple[str, str, str, str], Resolution],
) -> Iterable[Violation]:
    for row, (order_id, word) in enumerate(zip(orders.order_id, words, strict=True), start=1):
        choices = found[word].instruments
        if len(choices) > 1:
            named = ", ".join(f"{instrument.key} ({instrument.asset_type})" for instrument in choices)
            yield Violation(
                f"order {order_id}: the symbol is ambiguous; name mic, currency or asset_type to choose one of {named}",
                "orders",
                row,
                "symbol",
                shown(word[0]),
                by_row=True,
            )
