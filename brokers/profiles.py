"""Broker profiles: what each broker takes and charges, read from TOML.

The shipped `profiles.toml` is both the default and the form to copy. A key that is not known is an error: a
mistyped fee must never silently be zero.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from solver.domain import (
    AssetType,
    Broker,
    ConversionTerms,
    FeeSchedule,
    OrderRules,
    OrderType,
    TimeInForce,
    TransactionTax,
)
from solver.domain.amounts import MAX_DECIMALS
from solver.errors import DocumentError, ProblemError, Violation

_CURRENCY = re.compile(r"[A-Z0-9]{2,12}|\*")
_AMOUNTS = ("per_unit", "rate_bps", "sell_bps", "minimum", "maximum", "maximum_bps")
_LISTS = {
    "asset_types": frozenset(map(str, AssetType)),
    "order_types": frozenset(map(str, OrderType)),
    "times_in_force": frozenset(map(str, TimeInForce)),
    "fractional_times_in_force": frozenset(map(str, TimeInForce)),
}
_BROKER_KEYS = ("title", "rules", "fees", "taxes", "conversion")
_TAX_KEYS = ("name", "asset_types", "countries", "mics", "rate_bps", "source")
_CONVERSION_AMOUNTS = ("collar_bps", "spread_bps", "fee_bps", "fee_minimum")
_CONVERSION_KEYS = ("currencies", *_CONVERSION_AMOUNTS, "fee_currency", "source")
_FEE_KEYS = ("asset_types", "currencies", *_AMOUNTS, "in_received_asset", "source")


def load_profiles(path: str | Path | None = None) -> dict[str, Broker]:
    """Read broker profiles.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file in the form of the shipped one; the shipped one if not given.

    Returns
    -------
    dict of str to Broker
        By name, in file order.

    Raises
    ------
    DocumentError
        If the file cannot be read as TOML.
    ProblemError
        With every problem found in it.
    """
    source = "profiles.toml" if path is None else str(path)
    document = _read(files("brokers") / "profiles.toml" if path is None else Path(path), source)
    reader = _Reader(source)
    brokers = {name: reader.broker(name, table) for name, table in document.items()}
    if not brokers:
        reader.refuse("", "the file names no broker: give at least one table such as [ibkr]")
    if reader.violations:
        raise ProblemError(reader.violations)
    return brokers


def _read(path: Any, source: str) -> dict[str, Any]:
    try:
        # Numbers are read as decimals, so that a fee is exactly what stands in the file.
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise DocumentError([Violation(f"cannot be read: {error.strerror}", source)]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DocumentError([Violation(f"is not TOML: {error}", source)]) from error


@dataclass(slots=True)
class _Reader:
    """Turns tables into brokers and collects what is wrong on the way."""

    source: str
    violations: list[Violation] = field(default_factory=list)

    def refuse(self, key: str, message: str, value: object = None) -> None:
        shown = "" if value is None else repr(value)[:80]
        self.violations.append(Violation(message, self.source, None, key, shown))

    def broker(self, name: str, table: object) -> Broker:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            self.refuse(name, "a broker's name is a lower-case word such as crypto_com")
        known = self._known(name, table, _BROKER_KEYS)
        rules, fees = {}, {}
        for key, entry in self._entries(name, known, "rules"):
            rule = self._rule(key, entry)
            for asset_type in self._words(key, entry, "asset_types"):
                if asset_type in rules:
                    self.refuse(f"{key}.asset_types", "the asset type has rules already", asset_type)
                rules[asset_type] = rule
        for key, entry in self._entries(name, known, "fees"):
            schedule = self._schedule(key, entry)
            for pair in self._pairs(key, entry):
                if pair in fees:
                    self.refuse(f"{key}.currencies", "the asset type and currency have a fee already", pair)
                fees[pair] = schedule
        taxes = tuple(self._tax(key, entry) for key, entry in self._entries(name, known, "taxes"))
        title = known.get("title", name)
        if not isinstance(title, str):
            self.refuse(f"{name}.title", "must be text", title)
        conversion = self._conversion(f"{name}.conversion", known["conversion"]) if "conversion" in known else None
        return Broker(name=name, title=str(title), rules=rules, fees=fees, taxes=taxes, conversion=conversion)

    def _rule(self, key: str, entry: Mapping[str, Any]) -> OrderRules:
        entry = self._known(key, entry, _LISTS)
        return OrderRules(
            order_types=frozenset(map(OrderType, self._words(key, entry, "order_types"))),
            times_in_force=frozenset(map(TimeInForce, self._words(key, entry, "times_in_force"))),
            fractional_times_in_force=frozenset(map(TimeInForce, self._words(key, entry, "fractional_times_in_force"))),
        )

    def _schedule(self, key: str, entry: Mapping[str, Any]) -> FeeSchedule:
        entry = self._known(key, entry, _FEE_KEYS)
        amounts = {name: self._amount(f"{key}.{name}", entry[name]) for name in _AMOUNTS if name in entry}
        received, source = entry.get("in_received_asset", False), entry.get("source", "")
        if not isinstance(received, bool):
            self.refuse(f"{key}.in_received_asset", "must be true or false", received)
        if not isinstance(source, str) or not source:
            self.refuse(f"{key}.source", "must say where the figures come from", source)
        return FeeSchedule(**amounts, in_received_asset=bool(received), source=str(source))

    def _tax(self, key: str, entry: Mapping[str, Any]) -> TransactionTax:
        entry = self._known(key, entry, _TAX_KEYS)
        words = {word: entry.get(word, "") for word in ("name", "source")}
        for word, value in words.items():
            if not isinstance(value, str) or not value:
                self.refuse(f"{key}.{word}", "must be text", value)
        return TransactionTax(
            name=str(words["name"]),
            asset_types=frozenset(self._words(key, entry, "asset_types")),
            countries=frozenset(self._list(key, entry, "countries")),
            mics=frozenset(self._list(key, entry, "mics")),
            rate_bps=self._amount(f"{key}.rate_bps", entry.get("rate_bps")),
            source=str(words["source"]),
        )

    def _conversion(self, key: str, table: object) -> ConversionTerms:
        entry = self._known(key, table, _CONVERSION_KEYS)
        amounts = {name: self._amount(f"{key}.{name}", entry[name]) for name in _CONVERSION_AMOUNTS if name in entry}
        currencies, fee_currency = self._list(key, entry, "currencies"), entry.get("fee_currency", "USD")
        for currency in (*currencies, fee_currency):
            if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency) or currency == "*":
                self.refuse(f"{key}.currencies", "must be currency codes such as USD", currency)
        source = entry.get("source", "")
        if not isinstance(source, str) or not source:
            self.refuse(f"{key}.source", "must say where the figures come from", source)
        return ConversionTerms(
            currencies=frozenset(currencies), fee_currency=str(fee_currency), source=str(source), **amounts
        )

    def _pairs(self, key: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        currencies = self._list(key, entry, "currencies")
        for currency in currencies:
            if not _CURRENCY.fullmatch(currency):
                self.refuse(f"{key}.currencies", "must be a code such as USD, or * for every other", currency)
        for asset_type in self._words(key, entry, "asset_types"):
            for currency in currencies:
                yield asset_type, currency

    def _entries(self, name: str, table: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        entries = table.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.refuse(f"{name}.{key}", f"must be tables headed [[{name}.{key}]]", entries)
            return
        for number, entry in enumerate(entries, start=1):
            yield f"{name}.{key}[{number}]", entry

    def _known(self, key: str, table: object, allowed: Collection[str]) -> Mapping[str, Any]:
        if not isinstance(table, dict):
            self.refuse(key, f"must be a table headed [{key}]", table)
            return {}
        for name in table:
            if name not in allowed:
                close = difflib.get_close_matches(name, allowed, n=1)
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(allowed)}"
                self.refuse(f"{key}.{name}", f"unknown key; {hint}")
        return table

    def _list(self, key: str, entry: Mapping[str, Any], name: str) -> list[str]:
        value = entry.get(name)
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.refuse(f"{key}.{name}", "must be a list of words", value)
            return []
        return value

    def _words(self, key: str, entry: Mapping[str, Any], name: str) -> list[str]:
        words, allowed = self._list(key, entry, name), _LISTS[name]
        for word in words:
            if word not in allowed:
                self.refuse(f"{key}.{name}", f"must be of {', '.join(sorted(allowed))}", word)
        return [word for word in words if word in allowed]

    def _amount(self, key: str, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            self.refuse(key, "must be a number such as 0.005", value)
            return Decimal(0)
        amount = Decimal(value)
        if not amount.is_finite() or not 0 <= amount <= 10**12:
            self.refuse(key, "must be a number from 0 to 10^12", str(value))
            return Decimal(0)
        if amount != amount.quantize(Decimal((0, (1,), -MAX_DECIMALS))):
            self.refuse(key, f"must have at most {MAX_DECIMALS} decimals", str(value))
            return Decimal(0)
        return amount
