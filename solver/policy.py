"""Routing policy: which brokers an order may go to, in which order, and what preference is worth.

A policy is a table of rules and a few figures. For every order the most specific rule that says something decides,
separately for the preferred brokers and for the fallbacks; brokers that any matching rule forbids are out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import pandas as pd

from solver.domain.amounts import MICRO, PICO, from_scaled
from solver.domain.instrument import AssetType

DEFAULT_QUOTES = ("USD", "USDC")
"""Quote currencies that a crypto order accepts if it names none."""


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One row of the policy table; an empty selector matches everything.

    Attributes
    ----------
    sleeve, asset_type, symbol, mic, currency : str
        Selectors. On a row with a symbol, `asset_type` does not select but classifies the instrument.
    brokers, fallbacks : tuple of str or None
        Preferred brokers, then fallbacks, each in order; None inherits from the next less specific rule.
    forbid : tuple of str
        Brokers that the matching orders never use.
    """

    sleeve: str = ""
    asset_type: str = ""
    symbol: str = ""
    mic: str = ""
    currency: str = ""
    brokers: tuple[str, ...] | None = None
    fallbacks: tuple[str, ...] | None = None
    forbid: tuple[str, ...] = ()

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool, bool]:
        """Return the sort key: an instrument beats a sleeve, a sleeve beats an asset type."""
        return (
            bool(self.symbol),
            bool(self.sleeve),
            bool(self.mic),
            bool(self.currency),
            bool(self.asset_type) and not self.symbol,
        )

    def matches(self, sleeve: str, asset_type: str, symbol: str, mic: str, currency: str) -> bool:
        """Return whether the rule speaks of an order of `sleeve` for this instrument."""
        return (
            self.sleeve in ("", sleeve)
            and (bool(self.symbol) or self.asset_type in ("", asset_type))
            and self.symbol in ("", symbol)
            and self.mic in ("", mic)
            and self.currency in ("", currency)
        )

    def __str__(self) -> str:
        parts = []
        if self.sleeve:
            parts.append(f"sleeve {self.sleeve}")
        if self.symbol:
            parts.append("instrument " + "@".join(part for part in (self.symbol, self.mic) if part))
            if self.currency:
                parts[-1] += f":{self.currency}"
        elif self.asset_type:
            parts.append(f"asset type {self.asset_type}")
        return ", ".join(parts) or "default"


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on the value of the buys that match it; an empty selector matches everything.

    Attributes
    ----------
    broker, asset_type, sleeve : str
        Selectors.
    amount : Decimal
        Most value [base currency].
    """

    broker: str = ""
    asset_type: str = ""
    sleeve: str = ""
    amount: Decimal = Decimal(0)

    def __str__(self) -> str:
        what = [word for word in (self.broker, self.asset_type, self.sleeve and f"sleeve {self.sleeve}") if word]
        return f"{' '.join(what) or 'all'} at most {self.amount:,f}"


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer of the policy for one kind of order.

    Attributes
    ----------
    brokers : tuple of str
        Allowed brokers, first choice first.
    forbidden : mapping of str to str
        Brokers that a rule forbids by name, and the rule, for people.
    rule : str
        The rules that decided, for people.
    """

    brokers: tuple[str, ...]
    forbidden: Mapping[str, str]
    rule: str


DEFAULT_RULES = (
    RoutingRule(brokers=("ibkr",), fallbacks=()),
    RoutingRule(asset_type=AssetType.CRYPTO, brokers=("crypto_com",), fallbacks=("alpaca",)),
    RoutingRule(asset_type=AssetType.ETF_US, brokers=("alpaca",), fallbacks=("ibkr",)),
    RoutingRule(asset_type=AssetType.STOCK_US, brokers=("alpaca",), fallbacks=("ibkr",)),
    RoutingRule(asset_type=AssetType.STOCK_INTL, brokers=("ibkr",), fallbacks=()),
    RoutingRule(asset_type=AssetType.ETF_INTL, brokers=("ibkr",), fallbacks=()),
)
"""The desk's preferences by asset type; anything else goes to IBKR."""


@dataclass(frozen=True)
class Policy:
    """Rules and figures that turn preference into points.

    Attributes
    ----------
    rules : tuple of RoutingRule
    first_choice_bps, rank_step_bps : int
        Points of the first choice, and what each further rank costs, in basis points of routed value.
    cost_weight : Fraction
        How much of the expected cost is taken off the points.
    tier_weights : mapping of int to Fraction
        Weight of a priority tier; a tier that is missing weighs ``2 ** (1 - tier)``.
    equity_collar_bps, crypto_collar_bps : int
        How far beyond the quote a market order may trade: the limit price it is sent with.
    default_quotes : tuple of str
        Quote currencies that a crypto order accepts if it names none.
    reserve_share : Fraction
    reserve_amount : Decimal
        What is kept back from buys in a pool whose balance names no reserve: the larger of this share of its cash and
        this amount [base currency].
    least_share : Fraction
        Least share of an order that is worth serving where the order itself says nothing; 1: all of it.
    least_value : Decimal
        Least value of a part that is worth serving [base currency].
    split_cost : Decimal
        What every child after an order's first has to gain [base currency].
    most_children : mapping of str to int
        Most children that a broker takes in a batch.
    caps : tuple of Cap
    sleeve_accounts : mapping of (str, str) to str
        Account that a sleeve is bound to at a broker, by (sleeve, broker).
    """

    rules: tuple[RoutingRule, ...] = DEFAULT_RULES
    first_choice_bps: int = 10_000
    rank_step_bps: int = 100
    cost_weight: Fraction = Fraction(1)
    tier_weights: Mapping[int, Fraction] = field(default_factory=lambda: MappingProxyType({}))
    equity_collar_bps: int = 50
    crypto_collar_bps: int = 100
    default_quotes: tuple[str, ...] = DEFAULT_QUOTES
    reserve_share: Fraction = Fraction(1, 200)
    reserve_amount: Decimal = Decimal(250)
    least_share: Fraction = Fraction(1)
    least_value: Decimal = Decimal(500)
    split_cost: Decimal = Decimal(1)
    most_children: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    caps: tuple[Cap, ...] = ()
    sleeve_accounts: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))

    def reserve(self, cash: Decimal, rate: int) -> Decimal:
        """Return what is kept back in a pool, in its currency, to the micro-unit above.

        Parameters
        ----------
        cash : Decimal
        rate : int
            What one unit of the currency is worth in base currency [pico-units]; 0 if unknown: only the share counts.
        """
        share = max(Fraction(cash), Fraction(0)) * self.reserve_share
        amount = Fraction(self.reserve_amount) * PICO / rate if rate else Fraction(0)
        return from_scaled(math.ceil(max(share, amount) * MICRO), MICRO)

    def tier_weight(self, tier: int) -> Fraction:
        """Return the weight of a priority tier: by default each tier counts half of the one before."""
        return self.tier_weights.get(tier, Fraction(1, 2 ** (tier - 1)))

    def collar_bps(self, asset_type: str) -> int:
        """Return how far beyond the quote a market order of this asset type may trade, in basis points."""
        return self.crypto_collar_bps if asset_type == AssetType.CRYPTO else self.equity_collar_bps

    def ranking(self, sleeve: str, asset_type: str, symbol: str, mic: str, currency: str) -> Ranking:
        """Return the brokers for an order of `sleeve`, most specific rule first.

        Among rules of the same specificity the later one wins, so that a desk's own rules can follow the shipped
        ones in one table.
        """
        matching = [rule for rule in self.rules if rule.matches(sleeve, asset_type, symbol, mic, currency)]
        matching.sort(key=lambda rule: rule.specificity)
        preferred: tuple[str, ...] = ()
        fallbacks: tuple[str, ...] = ()
        decided_by, fallbacks_by = "none", ""
        forbidden: dict[str, str] = {}
        for rule in matching:
            if rule.brokers is not None:
                preferred, decided_by = rule.brokers, str(rule)
            if rule.fallbacks is not None:
                fallbacks, fallbacks_by = rule.fallbacks, str(rule)
            forbidden.update(dict.fromkeys(rule.forbid, str(rule)))
        ranked = tuple(dict.fromkeys(b for b in (*preferred, *fallbacks) if b not in forbidden))
        if fallbacks_by not in ("", decided_by):
            decided_by += f"; fallbacks by {fallbacks_by}"
        return Ranking(ranked, MappingProxyType(forbidden), decided_by)

    def classification(self) -> dict[tuple[str, str], str]:
        """Return the asset types that rules give to single instruments, by symbol and MIC (empty: any)."""
        return {(rule.symbol, rule.mic): rule.asset_type for rule in self.rules if rule.symbol and rule.asset_type}


def named_brokers(rules: Iterable[RoutingRule]) -> frozenset[str]:
    """Return every broker that a rule names."""
    return frozenset(
        broker for rule in rules for broker in (*(rule.brokers or ()), *(rule.fallbacks or ()), *rule.forbid)
    )


def rules_from_frame(frame: pd.DataFrame) -> tuple[RoutingRule, ...]:
    """Return the rules of a canonical ``ROUTING_RULES`` table, in file order."""
    return tuple(
        RoutingRule(
            row.sleeve,
            row.asset_type,
            row.symbol,
            row.mic,
            row.currency,
            _broker_list(row.brokers),
            _broker_list(row.fallbacks),
            _broker_list(row.forbid) or (),
        )
        for row in frame.itertuples(index=False)
    )


def merged(*tables: Iterable[RoutingRule]) -> tuple[RoutingRule, ...]:
    """Return the rules of several tables as one; a later rule beats an equally specific earlier one."""
    return tuple(rule for table in tables for rule in table)


def _broker_list(cell: str) -> tuple[str, ...] | None:
    if not cell:
        return None
    return () if cell == "none" else tuple(cell.split("|"))
