"""The checker catches every kind of corrupted answer: one corruption a clause."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from solver import (
    Broker,
    FeeSchedule,
    Network,
    OrderRules,
    Policy,
    Problem,
    RoutingRule,
    Solution,
    solve,
    solve_network,
    verify,
)
from solver.domain.order import OrderType, TimeInForce
from solver.network import RowKind


def network() -> Network:
    """Return three orders on a pool and a holding; all but the last fit."""
    return Network.from_columns(
        n_orders=3,
        order=[0, 0, 1, 2],
        score=[9, 7, 5, 3],
        entry_start=[0, 1, 2, 3, 4],
        entry_row=[0, 0, 1, 0],
        entry_need=[5, 4, 5, 2],
        capacity=[6, 5],
        broker=[0, 1, 0, 0],
        row_kind=[int(RowKind.CAPITAL), int(RowKind.CUSTODY)],
    )


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"choice": [0, 2]}, "choice has 2 entries for 3 orders"),
        ({"choice": [2, -1, -1]}, "demand: order 0 is given arc 2, which is not one of its own"),
        ({"choice": [99, 2, -1]}, "demand: order 0 is given arc 99"),
        ({"choice": [-2, 2, -1]}, "demand: order 0 is given arc -2"),
        ({"choice": [0, 2, 3], "objective": 17, "bound": 17}, "capital: row 0 holds 6 and 7 are drawn"),
        ({"objective": 16, "bound": 16}, "objective: the choice scores 15, not 16"),
        ({"bound": 14}, "bound: 14 lies below the objective 15"),
    ],
)
def test_a_corrupted_choice_is_caught(changes: dict[str, Any], clause: str) -> None:
    """Another's arc, an overdrawn row, a wrong objective and a bound below it are each told."""
    right = solve_network(network())
    assert verify(network(), right) == ()
    if "choice" in changes:
        changes = changes | {"choice": np.array(changes["choice"], dtype=np.int64)}
    assert any(clause in flaw for flaw in verify(network(), replace(right, **changes)))


def test_an_oversold_holding_is_caught() -> None:
    """A row of custody is told as such."""
    small = replace(network(), capacity=np.array([6, 4]))
    assert any("custody: row 1 holds 4 and 5 are drawn" in flaw for flaw in verify(small, solve_network(network())))


def test_the_checker_reads_the_arcs_as_they_were_given() -> None:
    """With unsorted arcs an answer is checked by the indices of the caller."""
    unsorted = Network.assignment(n_orders=2, order=[1, 0], pool=[0, 0], score=[5, 7], need=[3, 3], capacity=[6])
    solution = solve_network(unsorted)
    assert solution.choice.tolist() == [1, 0]
    assert verify(unsorted, solution) == ()
    assert verify(unsorted, replace(solution, choice=np.array([0, 1])))


def problem() -> Problem:
    """Return one buy by quantity, one buy by limit, one sell and one order that fits nowhere."""
    listing = {
        "asset_type": "stock_us",
        "mic": "XNAS",
        "currency": "USD",
        "lot": "1",
        "min_quantity": "2",
        "min_notional": "0",
        "max_quantity": "1000",
        "tick": "0.01",
        "fractional": "false",
        "tradable": "true",
        "shortable": "false",
    }
    rules = OrderRules(
        order_types=frozenset(OrderType),
        times_in_force=frozenset({TimeInForce.DAY}),
        fractional_times_in_force=frozenset(),
    )
    return Problem.of(
        pd.DataFrame(
            [
                {"order_id": "buy", "symbol": "AAA", "side": "buy", "quantity": "10"},
                {"order_id": "limit", "symbol": "BBB", "side": "buy", "quantity": "5", "limit_price": "20.05"},
                {"order_id": "sell", "symbol": "CCC", "side": "sell", "quantity": "7"},
                {"order_id": "dear", "symbol": "AAA", "side": "buy", "quantity": "900"},
                {
                    "order_id": "pinned",
                    "symbol": "BBB",
                    "side": "buy",
                    "quantity": "3",
                    "pin": "alpaca",
                    "forbid": "ibkr",
                },
            ]
        ).assign(order_type=["market", "limit", "market", "market", "market"]),
        pd.DataFrame(
            [
                {"broker": broker, "symbol": symbol, "broker_symbol": symbol} | listing
                for broker in ("ibkr", "alpaca")
                for symbol in ("AAA", "BBB", "CCC")
            ]
        ),
        pd.DataFrame(
            {
                "broker": ["ibkr", "alpaca"],
                "account": ["U1", "A1"],
                "currency": ["USD", "USD"],
                "cash": ["500", "1500"],
                "reserve": ["", "100"],
            }
        ),
        pd.DataFrame({"broker": ["alpaca"], "account": ["A1"], "symbol": ["CCC"], "quantity": ["8"]}),
        quotes=pd.DataFrame(
            {
                "symbol": ["AAA", "BBB", "CCC"],
                "mic": "XNAS",
                "currency": "USD",
                "bid": ["99", "20", "50"],
                "ask": ["100", "20.1", "50.2"],
                "as_of": "2025-03-31T14:30:00Z",
            }
        ),
        brokers={
            name: Broker(
                name=name,
                title=name.title(),
                rules={"stock_us": rules},
                fees={("stock_us", "USD"): FeeSchedule(per_unit=Decimal("0.01"))},
            )
            for name in ("ibkr", "alpaca")
        },
        policy=Policy(rules=(RoutingRule(brokers=("alpaca", "ibkr"), fallbacks=()),), reserve_amount=D(0)),
        base_currency="USD",
    )


@pytest.fixture(scope="module")
def decided() -> tuple[Problem, Solution]:
    batch = problem()
    solution = solve(batch)
    assert sorted(solution.routes["order_id"]) == ["buy", "limit", "pinned", "sell"]
    assert verify(batch, solution) == ()
    return batch, solution


def with_route(solution: Solution, which: str, /, **cells: Any) -> Solution:
    """Return a solution in which some cells of a route are something else."""
    assert solution.allocation is not None
    routes = solution.routes.copy()
    at = routes.index[routes["order_id"] == which][0]
    for column, value in cells.items():
        routes[column] = routes[column].astype(object)
        routes.at[at, column] = value
    return replace(solution, allocation=replace(solution.allocation, routes=routes))


def with_tables(solution: Solution, **changed: pd.DataFrame) -> Solution:
    assert solution.allocation is not None
    return replace(solution, allocation=replace(solution.allocation, **changed))


D = Decimal


@pytest.mark.parametrize(
    ("order_id", "cells", "clause"),
    [
        ("buy", {"broker_symbol": "NONE"}, "the listing NONE does not exist"),
        ("buy", {"order_id": "ghost"}, "ghost: the order or the listing"),
        ("buy", {"order_id": "limit"}, "limit: splits: 2 children"),
        ("buy", {"quantity": D("9.5")}, "lots: 9.5 is no multiple of 1"),
        ("buy", {"quantity": D(0)}, "lots: 0 is no multiple"),
        ("buy", {"quantity": D(-10)}, "lots: -10 is no multiple"),
        ("buy", {"quantity": D(1)}, "lots: 1 is outside the broker's sizes"),
        ("buy", {"quantity": D(1001)}, "lots: 1001 is outside the broker's sizes"),
        ("buy", {"quantity": D(11)}, "demand: 11 is more than the 10 asked"),
        ("buy", {"required_capital": D("999.99")}, "capital: requires 1005.1, not 999.99"),
        ("buy", {"limit_price": D("100.505")}, "price: 100.505 is off the tick of 0.01"),
        ("buy", {"limit_price": D("100.51")}, "price: the bound 100.51 is not the collar"),
        ("buy", {"limit_price": D("100.49")}, "price: the bound 100.49 is not the collar"),
        ("limit", {"limit_price": D("20.06")}, "price: 20.06 is worse than the limit 20.05"),
        ("sell", {"limit_price": D("49.8")}, "price: the bound 49.8 is not the collar"),
        ("sell", {"quantity": D(9)}, "custody: alpaca/A1 holds 8 CCC@XNAS:USD and 9 are sold"),
        ("sell", {"broker": "ibkr", "account": "U1"}, "custody: ibkr/U1 holds 0"),
        ("buy", {"broker": "ibkr", "account": "U1"}, "capital: ibkr/U1/USD has 497.5 and 1005.1"),
        ("buy", {"account": "A2"}, "capital: alpaca/A2/USD has 0 and 1005.1 are drawn"),
        ("buy", {"required_capital": D("1400")}, "capital: alpaca/A1/USD has 1400"),
        ("pinned", {"broker": "ibkr", "account": "U1"}, "availability: the order is pinned to alpaca"),
        ("pinned", {"broker": "ibkr", "account": "U1"}, "availability: the order forbids ibkr"),
        ("buy", {"time_in_force": "gtc"}, "availability: gtc is not taken"),
        ("buy", {"asset_type": "crypto"}, "availability: day is not taken"),
    ],
)
def test_a_corrupted_route_is_caught(
    decided: tuple[Problem, Solution], order_id: str, cells: dict[str, Any], clause: str
) -> None:
    """Whatever is changed in a route, the clause that it breaks says so."""
    batch, solution = decided
    flaws = verify(batch, with_route(solution, order_id, **cells))
    assert any(clause in flaw for flaw in flaws), flaws


def test_a_lost_order_is_caught(decided: tuple[Problem, Solution]) -> None:
    """An order that is neither routed nor in the backlog is told."""
    batch, solution = decided
    assert any(
        "demand: buy is lost" in f for f in verify(batch, with_tables(solution, routes=solution.routes.iloc[1:]))
    )
    nothing = with_tables(solution, backlog=solution.backlog.iloc[:0])
    assert verify(batch, nothing) == ("demand: dear is lost",)


def test_an_order_in_both_places_is_caught(decided: tuple[Problem, Solution]) -> None:
    """An order that is routed and waits as well is told."""
    batch, solution = decided
    doubled = pd.concat([solution.backlog, solution.backlog.assign(order_id="buy")], ignore_index=True)
    assert any(
        "buy is both routed and in the backlog" in f for f in verify(batch, with_tables(solution, backlog=doubled))
    )


def test_a_backlog_without_a_reason_is_caught(decided: tuple[Problem, Solution]) -> None:
    """A code and a sentence are owed to everyone in the backlog."""
    batch, solution = decided
    for column in ("code", "sentence"):
        silent = with_tables(solution, backlog=solution.backlog.assign(**{column: ""}))
        assert any("dear is in the backlog without a reason" in f for f in verify(batch, silent))


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (lambda p: replace(p, brokers=p.brokers | {"alpaca": replace(p.brokers["alpaca"], is_up=False)}), "is down"),
        (lambda p: replace(p, listings=p.listings.assign(tradable=False)), "not tradable"),
        (lambda p: replace(p, policy=replace(p.policy, rules=())), "the policy leaves alpaca out"),
        (lambda p: replace(p, orders=p.orders.assign(account="U1")), "the order names account U1"),
        (lambda p: replace(p, quotes=p.quotes.iloc[:0]), "a market order without a quote"),
        (lambda p: replace(p, balances=p.balances.assign(reserve=Decimal(1000))), "capital: alpaca/A1/USD has 500"),
        (lambda p: replace(p, balances=p.balances.assign(settled=Decimal(90))), "capital: alpaca/A1/USD has"),
    ],
)
def test_a_plan_for_another_world_is_caught(decided: tuple[Problem, Solution], change: Any, clause: str) -> None:
    """A plan that was right is told wrong once a broker is down, a rule changes or the money is gone (F78, F92)."""
    batch, solution = decided
    flaws = verify(change(batch), solution)
    assert any(clause in flaw for flaw in flaws), flaws


def test_quantities_of_many_digits_are_compared_exactly(decided: tuple[Problem, Solution]) -> None:
    """Twenty digits before the point and twelve after it, more than a decimal computes with, differ by the last."""
    batch, solution = decided
    held, lot = D("12345678901234567890.000000000001"), D("0.000000000001")
    rich = replace(batch, positions=batch.positions.assign(quantity=held))
    flaws = verify(rich, with_route(solution, "sell", quantity=D("12345678901234567890.000000000002")))
    assert any("are sold" in flaw for flaw in flaws), flaws
    assert any("lots: 12345678901234567890.000000000002 is no multiple of 1" in flaw for flaw in flaws), flaws
    fine = replace(rich, listings=rich.listings.assign(lot=lot, fractional=True, max_quantity=None))
    flaws = verify(fine, with_route(solution, "sell", quantity=held))
    assert not any("custody" in flaw for flaw in flaws), flaws
    rich = replace(batch, balances=batch.balances.assign(cash=D("12345678901234567890.000001"), reserve=D("1e-12")))
    flaws = verify(rich, with_route(solution, "buy", required_capital=D("12345678901234567890.000001")))
    assert any("capital: alpaca/A1/USD has 12345678901234567890 and" in flaw for flaw in flaws), flaws


def test_an_optimum_below_its_bound_is_none() -> None:
    """A status that the figures contradict is told, of a network too."""
    right = solve_network(network())
    assert any("status: optimal" in flaw for flaw in verify(network(), replace(right, bound=right.bound + 1)))
