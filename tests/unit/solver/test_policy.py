"""Laws of the routing policy: which rule decides, what is inherited, what is forbidden."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest

from solver import Policy, RoutingRule, tables
from solver.domain import PICO
from solver.policy import DEFAULT_RULES, merged, named_brokers, rules_from_frame


def ranking(
    *rules: RoutingRule, sleeve: str = "growth", kind: str = "stock_us", symbol: str = "AAPL"
) -> tuple[str, ...]:
    return Policy(rules=rules).ranking(sleeve, kind, symbol, "XNAS", "USD").brokers


@pytest.mark.parametrize(
    ("kind", "brokers"),
    [
        ("crypto", ("crypto_com", "alpaca")),
        ("etf_us", ("alpaca", "ibkr")),
        ("stock_us", ("alpaca", "ibkr")),
        ("stock_intl", ("ibkr",)),
        ("etf_intl", ("ibkr",)),
        ("other", ("ibkr",)),
    ],
)
def test_the_default_preferences_are_the_desks(kind: str, brokers: tuple[str, ...]) -> None:
    """Without rules of their own, orders go where the desk's table by asset type sends them."""
    assert Policy().ranking("", kind, "X", "", "").brokers == brokers


def test_an_instrument_beats_a_sleeve_and_a_sleeve_beats_an_asset_type() -> None:
    """The most specific rule decides, wherever it stands in the table."""
    everything = RoutingRule(brokers=("a",), fallbacks=())
    by_type = RoutingRule(asset_type="stock_us", brokers=("b",))
    by_sleeve = RoutingRule(sleeve="growth", brokers=("c",))
    by_symbol = RoutingRule(symbol="AAPL", brokers=("d",))
    rules = [everything, by_type, by_sleeve, by_symbol]
    for count, winner in ((1, "a"), (2, "b"), (3, "c"), (4, "d")):
        assert ranking(*rules[:count]) == ranking(*reversed(rules[:count])) == (winner,)


def test_more_selectors_beat_fewer() -> None:
    """Among rules for one instrument that with the exchange is more specific, among sleeves that with a type."""
    assert ranking(
        RoutingRule(symbol="AAPL", mic="XNAS", brokers=("a",)), RoutingRule(symbol="AAPL", brokers=("b",))
    ) == ("a",)
    assert ranking(
        RoutingRule(sleeve="growth", asset_type="stock_us", brokers=("a",)),
        RoutingRule(sleeve="growth", brokers=("b",)),
    ) == ("a",)


def test_the_later_of_equally_specific_rules_wins() -> None:
    """A desk's own table can follow the shipped one and overrule it."""
    own = (RoutingRule(asset_type="stock_us", brokers=("ibkr",), fallbacks=()),)
    policy = Policy(rules=merged(DEFAULT_RULES, own))
    assert policy.ranking("", "stock_us", "X", "", "").brokers == ("ibkr",)


def test_brokers_and_fallbacks_are_inherited_apart() -> None:
    """A rule that leaves one of the two lists empty takes it from the next less specific rule; none means none."""
    base = RoutingRule(asset_type="stock_us", brokers=("a",), fallbacks=("b",))
    assert ranking(base, RoutingRule(sleeve="growth", brokers=("c",))) == ("c", "b")
    assert ranking(base, RoutingRule(sleeve="growth", fallbacks=("c",))) == ("a", "c")
    assert ranking(base, RoutingRule(sleeve="growth", fallbacks=())) == ("a",)
    assert ranking(base, RoutingRule(sleeve="growth", brokers=())) == ("b",)


def test_what_any_matching_rule_forbids_is_out() -> None:
    """A broker that any matching rule forbids is used by no more specific rule; other orders still use it."""
    rules = (
        RoutingRule(asset_type="stock_us", brokers=("a", "b"), fallbacks=("c",)),
        RoutingRule(sleeve="growth", forbid=("a",)),
        RoutingRule(symbol="AAPL", brokers=("a", "c")),
    )
    assert ranking(*rules) == ("c",)
    assert ranking(*rules, sleeve="income", symbol="MSFT") == ("a", "b", "c")
    answer = Policy(rules=rules).ranking("growth", "stock_us", "AAPL", "XNAS", "USD")
    assert set(answer.forbidden) == {"a"}


def test_a_broker_is_ranked_once() -> None:
    """A broker named both as preferred and as fallback keeps the better place."""
    assert ranking(RoutingRule(brokers=("a", "b"), fallbacks=("b", "a", "c"))) == ("a", "b", "c")


def test_the_rule_that_decided_is_told() -> None:
    """The answer says in words which rules decided, and which gave the fallbacks if it was another."""
    policy = Policy(rules=(*DEFAULT_RULES, RoutingRule(sleeve="income", fallbacks=())))
    assert policy.ranking("", "stock_us", "X", "", "").rule == "asset type stock_us"
    assert policy.ranking("income", "stock_us", "X", "", "").rule == "asset type stock_us; fallbacks by sleeve income"
    assert Policy(rules=()).ranking("", "stock_us", "X", "", "").brokers == ()


def test_each_tier_weighs_half_of_the_one_before() -> None:
    """Tier weights are powers of two unless the policy gives its own, exactly."""
    policy = Policy(tier_weights={3: Fraction(1, 3)})
    assert [policy.tier_weight(tier) for tier in (1, 2, 3, 4)] == [1, Fraction(1, 2), Fraction(1, 3), Fraction(1, 8)]


def test_the_collar_is_that_of_the_asset_type() -> None:
    """Coins have a collar of their own."""
    assert (Policy().collar_bps("stock_us"), Policy().collar_bps("crypto")) == (50, 100)


def test_rules_are_read_from_a_table() -> None:
    """In a table an empty cell inherits and the word none is an empty list; an asset type with a symbol classifies."""
    columns = ["sleeve", "asset_type", "symbol", "mic", "currency", "brokers", "fallbacks", "forbid"]
    rows = [
        ["growth", "stock_us", "", "", "", "ibkr|alpaca", "none", ""],
        ["", "etf_us", "SPY", "ARCX", "", "", "", "crypto_com"],
        ["", "other", "", "", "", "ibkr", "", ""],
    ]
    frame = tables.canonical(tables.ROUTING_RULES, pd.DataFrame(rows, columns=columns)).frame
    rules = rules_from_frame(frame)
    assert rules[0] == RoutingRule("growth", "stock_us", brokers=("ibkr", "alpaca"), fallbacks=())
    assert rules[1] == RoutingRule(asset_type="etf_us", symbol="SPY", mic="ARCX", forbid=("crypto_com",))
    assert rules[2].asset_type == "other"
    policy = Policy(rules=rules)
    assert policy.classification() == {("SPY", "ARCX"): "etf_us"}
    assert named_brokers(policy.rules) == {"ibkr", "alpaca", "crypto_com"}
    assert rules[1].matches("any", "stock_us", "SPY", "ARCX", "USD")


@pytest.mark.parametrize(
    ("cash", "rate", "kept"),
    [
        ("100000", PICO, "500"),
        ("1000", PICO, "250"),
        ("1000", PICO * 4 // 5, "312.5"),
        ("100000", 0, "500"),
        ("-5", 0, "0"),
    ],
)
def test_the_reserve_is_a_share_or_an_amount(cash: str, rate: int, kept: str) -> None:
    """The larger of half a percent of the cash and 250 units of base currency; without a rate only the share."""
    assert Policy().reserve(Decimal(cash), rate) == Decimal(kept)
