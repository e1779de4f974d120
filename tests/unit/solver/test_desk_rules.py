"""Rules that bind orders to each other or to a broker, on the smallest tables that show them."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest

from solver import METHODS, Policy, Problem, RoutingRule, solve, verify
from solver.policy import Cap
from solver.problem import permissive_broker

BOTH = (RoutingRule(brokers=("one", "two"), fallbacks=()),)
NO_RESERVE = {"reserve_share": Fraction(0), "reserve_amount": Decimal(0)}


def listing(broker: str, symbol: str) -> dict[str, str]:
    return {
        "broker": broker, "symbol": symbol, "asset_type": "stock_us", "mic": "XNYS", "currency": "EUR",
        "broker_symbol": symbol, "lot": "1", "min_quantity": "1", "min_notional": "0", "max_quantity": "",
        "tick": "0.01", "fractional": "false", "tradable": "true", "shortable": "false",
    }  # fmt: skip


def order(order_id: str, symbol: str, quantity: int, side: str = "buy", **more: str) -> dict[str, str]:
    limit = {"order_type": "limit", "limit_price": "10"}
    return {"order_id": order_id, "symbol": symbol, "side": side, "quantity": str(quantity), **limit, **more}


def problem(orders: list[dict[str, str]], cash: dict[str, str], held: dict[str, str] | None = None, **policy: object):
    symbols = sorted({each["symbol"] for each in orders})
    frame = pd.DataFrame(orders).fillna("")
    positions = [
        {"broker": broker, "account": "A" + broker, "symbol": symbols[0], "quantity": quantity}
        for broker, quantity in (held or {}).items()
    ]
    balances = [
        {"broker": name, "account": "A" + name, "currency": "EUR", "cash": amount} for name, amount in cash.items()
    ]
    return Problem.of(
        frame,
        pd.DataFrame([listing(broker, symbol) for broker in ("one", "two") for symbol in symbols]),
        pd.DataFrame(balances),
        pd.DataFrame(positions) if positions else None,
        policy=Policy(rules=BOTH, **{**NO_RESERVE, **policy}),  # type: ignore[arg-type]
    )


def codes(solution, order_id: str) -> dict[str, str]:
    rows = solution.reasons[solution.reasons["order_id"] == order_id]
    return dict(zip(rows["broker"], rows["code"], strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_a_basket_is_served_whole_or_not_at_all(method: str) -> None:
    """An order whose basket does not fit stays behind although it fits alone, and says so."""
    both = [order("a", "AA", 5, basket="pair"), order("b", "BB", 30, basket="pair"), order("c", "CC", 1)]
    solution = solve(problem(both, {"one": "100", "two": "100"}), method)
    assert list(solution.routes["order_id"]) == ["c"]
    assert set(codes(solution, "a").values()) == {"BASKET_INCOMPLETE"}
    assert set(codes(solution, "b").values()) == {"CAPITAL_INSUFFICIENT"}


def test_a_group_stays_at_one_broker() -> None:
    """Two orders of a group go to the one broker that can hold both, though each alone would go elsewhere."""
    both = [order("a", "AA", 6, same_broker="g"), order("b", "BB", 6, same_broker="g")]
    solution = solve(problem(both, {"one": "100", "two": "120"}))
    assert list(solution.routes["broker"]) == ["two", "two"]


@pytest.mark.parametrize("method", METHODS)
def test_a_buy_and_a_sell_never_meet_at_a_broker(method: str) -> None:
    """Of a buy and a sell of one instrument one goes elsewhere or waits, whatever the method."""
    both = [order("a", "AA", 5, "sell"), order("b", "AA", 5, "buy")]
    solution = solve(problem(both, {"one": "100", "two": "0"}, {"one": "5"}), method)
    assert len(solution.routes) == 1
    waiting = solution.backlog.iloc[0]["order_id"]
    assert codes(solution, waiting)["one"] == "OPPOSITE_SIDE"


@pytest.mark.parametrize("method", METHODS)
def test_a_broker_takes_no_more_children_than_its_pace(method: str) -> None:
    """The third order goes to the second broker when the first takes two."""
    three = [order(name, "AA", 2) for name in "abc"]
    solution = solve(problem(three, {"one": "100", "two": "100"}, most_children={"one": 2}), method)
    assert len(solution.routes) == 3
    assert (solution.routes["broker"] == "one").sum() <= 2


def test_a_cap_on_value_holds_and_is_named() -> None:
    """Buys beyond a cap on a broker's value stay behind with the cap and its numbers."""
    two = [order("a", "AA", 6), order("b", "BB", 5)]
    capped = problem(two, {"one": "500", "two": "0"}, caps=(Cap(broker="one", amount=Decimal(60)),))
    solution = solve(capped)
    assert list(solution.routes["order_id"]) == ["a"]
    rows = solution.reasons
    reason = rows[(rows["order_id"] == "b") & (rows["broker"] == "one")].iloc[0]
    assert (reason["code"], reason["needed"], reason["available"]) == ("CAP_REACHED", Decimal(50), Decimal(0))


def test_instant_proceeds_pay_for_buys_in_the_same_batch() -> None:
    """Where sale proceeds can be spent at once, a sell is placed where its cash lets a buy through."""
    held = [order("s", "AA", 10, "sell"), order("b", "BB", 9)]
    given = problem(held, {"one": "0", "two": "0"}, {"one": "10", "two": "10"})
    assert list(solve(given).routes["order_id"]) == ["s"]
    pays = {name: replace(permissive_broker(name), instant_proceeds=frozenset({"stock_us"})) for name in ("one", "two")}
    solution = solve(replace(given, brokers=pays))
    assert dict(zip(solution.routes["order_id"], solution.routes["broker"], strict=True)) == {"s": "one", "b": "one"}
    assert verify(replace(given, brokers=pays), solution) == ()
    assert "capital: one/Aone/EUR has 0 and 90 are drawn" in verify(given, solution)


def test_a_pool_keeps_its_reserve_from_buys() -> None:
    """A balance that names no reserve keeps the policy's; one that names zero spends all of it."""
    given = problem([order("a", "AA", 80), order("b", "BB", 10)], {"one": "1000"}, reserve_amount=Decimal(150))
    kept = solve(given)
    assert list(kept.routes["order_id"]) == ["a"]
    assert kept.capital.set_index("broker").at["one", "reserve"] == 150
    none = replace(given, balances=given.balances.assign(reserve=Decimal(0)))
    assert len(solve(none).routes) == 2
