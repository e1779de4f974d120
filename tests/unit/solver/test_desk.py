"""Laws of the drop-in for the desk's own function: plain dictionaries in, plain dictionaries out."""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal
from typing import Any

import pytest

from solver import METHODS, ProblemError, route_orders

BROKERS = ("crypto_com", "alpaca", "ibkr")
PREFERENCES = {
    "crypto": ["crypto_com", "alpaca"],
    "etf_us": ["alpaca", "ibkr"],
    "stock_us": ["alpaca", "ibkr"],
    "stock_intl": ["ibkr"],
    "etf_intl": ["ibkr"],
    "bond": ["ibkr"],
}


def example(sol: int = 50) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, set[str]]]:
    """Return the example that the desk gave, with another amount of SOL if wanted."""
    orders = [
        {"ticker": "BTC", "asset_type": "crypto", "amount": 60},
        {"ticker": "SOL", "asset_type": "crypto", "amount": sol},
    ]
    balances = {"crypto_com": 60, "alpaca": 60, "ibkr": 0}
    return orders, balances, {"crypto_com": {"BTC", "SOL"}, "alpaca": {"BTC"}}


def tickers(routed: dict[str, Any]) -> dict[str, list[str]]:
    return {broker: [order["ticker"] for order in routed[broker]] for broker in BROKERS}


@pytest.mark.parametrize("method", [method for method in METHODS if method != "greedy-density"])
def test_the_desks_example_is_routed_whole(method: str) -> None:
    """SOL needs Crypto.com and BTC can do without: every method serves both, but (c), which looks at one arc only."""
    routed = route_orders(*example(), method=method)
    assert tickers(routed) == {"crypto_com": ["SOL"], "alpaca": ["BTC"], "ibkr": []}
    assert routed["backlog"] == routed["warnings"] == []
    assert routed["balances"] == {"crypto_com": Decimal(10), "alpaca": Decimal(0), "ibkr": Decimal(0)}


@pytest.mark.parametrize("method", METHODS)
def test_an_order_that_fits_nowhere_is_backlog_and_frees_its_broker(method: str) -> None:
    """With 70 of SOL nothing pays for it: it is backlog with its reasons, and BTC goes to its first choice."""
    routed = route_orders(*example(sol=70), method=method)
    assert tickers(routed) == {"crypto_com": ["BTC"], "alpaca": [], "ibkr": []}
    (left,) = routed["backlog"]
    assert left["order"]["ticker"] == "SOL"
    assert left["reason"] == "CAPITAL_INSUFFICIENT"
    assert left["reasons"]["alpaca"] == {"code": "NOT_LISTED"}
    assert left["reasons"]["crypto_com"]["needed"] == Decimal(70)
    assert left["reasons"]["crypto_com"]["available"] == Decimal(60)
    assert routed["warnings"] == ["SOL: not routed, CAPITAL_INSUFFICIENT"]


def desks_own(orders: Any, balances: Any, listed: Any) -> dict[str, list[str]]:
    """Return what the desk's own algorithm does, written anew."""
    left, routed = dict(balances), {broker: [] for broker in BROKERS}
    brokers_of = [[b for b in PREFERENCES[o["asset_type"]] if o["ticker"] in listed.get(b, ())] for o in orders]
    for index in sorted(range(len(orders)), key=lambda index: len(brokers_of[index])):
        for broker in brokers_of[index]:
            if left.get(broker, 0) >= orders[index]["amount"]:
                left[broker] -= orders[index]["amount"]
                routed[broker].append(index)
                break
    return {broker: [orders[index]["ticker"] for index in sorted(found)] for broker, found in routed.items()}


def random_desk(seed: int) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, set[str]]]:
    rng = random.Random(seed)
    orders = [
        {
            "ticker": f"T{number}",
            "asset_type": rng.choice(list(PREFERENCES)),
            "amount": rng.choice((rng.randint(0, 60), Decimal(rng.randint(1, 6000)) / 100)),
            "note": number,
        }
        for number in range(rng.randint(0, 12))
    ]
    listed = {broker: {o["ticker"] for o in orders if rng.random() < 0.7} for broker in BROKERS}
    return orders, {broker: rng.randint(0, 150) for broker in BROKERS}, listed


def test_the_greedy_is_the_desks_own_to_the_letter() -> None:
    """Method greedy routes every order as the desk's own algorithm does, broker by broker."""
    for seed in range(200):
        desk = random_desk(seed)
        assert tickers(route_orders(*desk, method="greedy")) == desks_own(*desk), seed


def test_optimal_is_never_worse_and_nothing_is_lost() -> None:
    """The optimum is at least the greedy's objective; every order is in one place, no balance goes below zero."""
    for seed in range(100):
        orders, balances, listed = random_desk(seed)
        before = copy.deepcopy((orders, balances, listed))
        greedy, best = (route_orders(orders, balances, listed, method=m) for m in ("greedy", "optimal"))
        assert (orders, balances, listed) == before
        assert best["objective"] >= greedy["objective"]
        assert best["status"] == "optimal"
        for routed in (greedy, best):
            placed = [o for broker in BROKERS for o in routed[broker]] + [e["order"] for e in routed["backlog"]]
            assert sorted(o["note"] for o in placed) == list(range(len(orders)))
            assert all(left >= 0 for left in routed["balances"].values())
            spent = sum(o["amount"] for broker in BROKERS for o in routed[broker])
            assert sum(routed["balances"].values()) == sum(balances.values()) - spent


def test_amounts_are_read_exactly() -> None:
    """Floats count as their shortest text, so that 0.1 and 0.2 fit into 0.3; other forms count as they are."""
    orders = [
        {"ticker": "A", "asset_type": "stock_intl", "amount": 0.1},
        {"ticker": "B", "asset_type": "stock_intl", "amount": 0.2},
    ]
    for balance in (0.3, "0.3", Decimal("0.3")):
        assert len(route_orders(orders, {"ibkr": balance}, {"ibkr": ["A", "B"]})["ibkr"]) == 2
    assert len(route_orders(orders, {"ibkr": "0.299999"}, {"ibkr": ["A", "B"]})["ibkr"]) == 1


def test_missing_brokers_and_unknown_ones_are_answered() -> None:
    """A broker without a balance has nothing; one that no preference names keeps its balance and gets no order."""
    routed = route_orders([{"ticker": "X", "asset_type": "crypto", "amount": 1}], {"kraken": 5}, {"kraken": {"X"}})
    assert routed["kraken"] == []
    assert routed["balances"] == {"kraken": Decimal(5)}
    assert routed["backlog"][0]["reason"] == "NOT_LISTED"


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "12,5", None, True, "1e3x", 10**30, "1e999999999"])
def test_amounts_that_are_none_are_refused_with_their_place(wrong: Any) -> None:
    """A negative, undefined or malformed amount or balance is a ProblemError that names row and key."""
    with pytest.raises(ProblemError, match=r"orders, row 1 \[amount\]") as caught:
        route_orders([{"ticker": "X", "asset_type": "crypto", "amount": wrong}], {"alpaca": wrong}, {})
    # An overdrawn balance is a fact, not a mistake: it counts as nothing.
    overdrawn = str(wrong).startswith("-") and "inf" not in str(wrong).lower()
    assert [each.column for each in caught.value.violations] == (["amount"] if overdrawn else ["amount", "alpaca"])


def test_missing_keys_are_all_reported() -> None:
    """Every missing key of every order is named at once."""
    with pytest.raises(ProblemError) as caught:
        route_orders([{"ticker": "X"}, {"amount": 5}], {}, {})
    assert [(v.line, v.column) for v in caught.value.violations] == [
        (1, "asset_type"),
        (1, "amount"),
        (2, "ticker"),
        (2, "asset_type"),
    ]


def test_the_answer_is_plain() -> None:
    """But for Decimals, the answer is what JSON knows."""
    answer = route_orders(*example(sol=70))
    assert json.loads(json.dumps(answer, default=str)).keys() == answer.keys()
    with pytest.raises(TypeError, match="Decimal"):
        json.dumps(answer)
