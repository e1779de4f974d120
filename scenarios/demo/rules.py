"""The demo's routing rules: the desk's defaults by asset type, and a few exceptions of single sleeves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scenarios.demo.catalogue import ALPACA, CRYPTO_COM, IBKR, ListingRow


class RuleRow(NamedTuple):
    """One row of a rules table.

    Broker lists are separated by ``|``; an empty cell inherits from the less specific rule, ``none`` empties
    the list. On a row with a symbol, `asset_type` says what the instrument is; elsewhere it selects.
    """

    sleeve: str = ""
    asset_type: str = ""
    symbol: str = ""
    mic: str = ""
    currency: str = ""
    brokers: str = ""
    fallbacks: str = ""
    forbid: str = ""
    comment: str = ""


DEFAULT_RULES = (
    RuleRow(asset_type="crypto", brokers=CRYPTO_COM, fallbacks=ALPACA, comment="coins"),
    RuleRow(asset_type="etf_us", brokers=ALPACA, fallbacks=IBKR, comment="US-listed funds"),
    RuleRow(asset_type="stock_us", brokers=ALPACA, fallbacks=IBKR, comment="US shares"),
    RuleRow(asset_type="stock_intl", brokers=IBKR, fallbacks="none", comment="shares on other exchanges"),
    RuleRow(asset_type="etf_intl", brokers=IBKR, fallbacks="none", comment="UCITS funds"),
    RuleRow(asset_type="other", brokers=IBKR, fallbacks="none", comment="anything else"),
)
"""The desk's preferences by asset type."""

OVERRIDES = (
    RuleRow(
        sleeve="tresorerie",
        asset_type="crypto",
        forbid=CRYPTO_COM,
        comment="the treasury keeps its coins away from this venue; its fallback inherits",
    ),
    RuleRow(
        sleeve="revenu",
        asset_type="stock_us",
        fallbacks="none",
        comment="income shares stay at the first choice or wait",
    ),
    RuleRow(
        sleeve="monde",
        asset_type="crypto",
        brokers="none",
        fallbacks="none",
        comment="this sleeve holds no coins",
    ),
    RuleRow(
        asset_type="stock_us",
        symbol="BRK.B",
        mic="XNYS",
        currency="USD",
        brokers=IBKR,
        fallbacks=ALPACA,
        comment="the existing holding is at this broker",
    ),
)
"""Exceptions of the demo."""


def ranking(sleeve: str, asset_type: str, symbol: str) -> tuple[str, ...]:
    """Return the brokers that the rules allow, first choice first.

    An instrument beats a sleeve, a sleeve beats an asset type; brokers, fallbacks and forbidden brokers are
    decided separately.
    """
    rows = [rule for rule in (*DEFAULT_RULES, *OVERRIDES) if _matches(rule, sleeve, asset_type, symbol)]
    brokers = fallbacks = ""
    forbidden: set[str] = set()
    for rule in sorted(rows, key=lambda rule: (bool(rule.symbol), bool(rule.sleeve))):
        brokers = rule.brokers or brokers
        fallbacks = rule.fallbacks or fallbacks
        forbidden.update(_names(rule.forbid))
    return tuple(name for name in (*_names(brokers), *_names(fallbacks)) if name not in forbidden)


def metadata(listings: Iterable[ListingRow]) -> list[RuleRow]:
    """Return one row of ticker metadata for every US share, US-listed fund and coin.

    The brokers are those of the default rules that list the instrument.
    """
    held: dict[tuple[str, str, str, str], set[str]] = {}
    for row in listings:
        if row.asset_type in ("stock_us", "etf_us", "crypto"):
            currency = "" if row.asset_type == "crypto" else row.currency
            held.setdefault((row.asset_type, row.symbol, row.mic, currency), set()).add(row.broker)
    return [_metadata_row(key, held[key]) for key in sorted(held)]


def _metadata_row(key: tuple[str, str, str, str], brokers: set[str]) -> RuleRow:
    asset_type, symbol, mic, currency = key
    ranked = [name for name in ranking("", asset_type, "") if name in brokers]
    return RuleRow(
        asset_type=asset_type,
        symbol=symbol,
        mic=mic,
        currency=currency,
        brokers=ranked[0],
        fallbacks="|".join(ranked[1:]) or "none",
    )


def _matches(rule: RuleRow, sleeve: str, asset_type: str, symbol: str) -> bool:
    if rule.symbol:
        return rule.symbol == symbol and rule.sleeve in ("", sleeve)
    return rule.sleeve in ("", sleeve) and rule.asset_type == asset_type


def _names(cell: str) -> tuple[str, ...]:
    return () if cell in ("", "none") else tuple(cell.split("|"))
