"""The desk's own routing function, as a drop-in: plain dictionaries in, plain dictionaries out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import numpy as np

from solver.columns import Column
from solver.domain.amounts import MICRO, MOST_MONEY, ceil_scaled, floor_scaled
from solver.domain.reason import ReasonCode
from solver.errors import ProblemError, Violation
from solver.limits import Limits
from solver.methods import solve_network
from solver.network import Network
from solver.policy import Policy

BROKERS = ("ibkr", "alpaca", "crypto_com")


def route_orders(
    orders: Sequence[Mapping[str, Any]],
    broker_balances: Mapping[str, Any],
    asset_mapping: Mapping[str, Collection[str]],
    method: str = "optimal",
) -> dict[str, Any]:
    """Decide which broker gets which order.

    Preferences are those of the default policy by ``asset_type``: crypto to Crypto.com then Alpaca; US ETFs and US
    stocks to Alpaca then IBKR; anything else to IBKR. With ``method="greedy"`` this is the desk's own algorithm to
    the letter: a stable sort by the number of preferred brokers that list the ticker, fewest first, then the first
    of them with enough balance. The inputs are never changed.

    Parameters
    ----------
    orders : sequence of mappings
        Each with ``ticker``, ``asset_type`` and ``amount`` (in the one currency of the balances); other keys are
        kept.
    broker_balances : mapping of str to number
        By broker; one that is missing has nothing, nor has one that is overdrawn.
    asset_mapping : mapping of str to collection of str
        Tickers that each broker lists.
    method : str
        See `solver.solve_network`.

    Returns
    -------
    dict
        ``ibkr``, ``alpaca``, ``crypto_com`` (and any other broker of the inputs): the orders routed there, in the
        order of the input; ``backlog``: dicts of ``order``, ``reason`` (the code nearest to a route) and ``reasons``
        by broker; ``balances``: what is left, as Decimals; ``warnings``: a sentence for each backlog order; and the
        proof: ``objective``, ``bound``, ``gap``, ``status``.

    Raises
    ------
    ProblemError
        If an order lacks a key, an amount is no finite number >= 0, or a balance no finite number.

    Examples
    --------
    >>> orders = [
    ...     {"ticker": "BTC", "asset_type": "crypto", "amount": 60},
    ...     {"ticker": "SOL", "asset_type": "crypto", "amount": 50},
    ... ]
    >>> routed = route_orders(
    ...     orders,
    ...     {"crypto_com": 60, "alpaca": 60, "ibkr": 0},
    ...     {"crypto_com": {"BTC", "SOL"}, "alpaca": {"BTC"}},
    ...     method="greedy",
    ... )
    >>> [order["ticker"] for order in routed["crypto_com"]], [order["ticker"] for order in routed["alpaca"]]
    (['SOL'], ['BTC'])
    """
    amounts, balances = _read(orders, broker_balances)
    brokers = list(dict.fromkeys((*BROKERS, *balances)))
    preferred = [_preferred(str(order["asset_type"])) for order in orders]
    listed = [
        [broker for broker in choices if order["ticker"] in asset_mapping.get(broker, ())]
        for order, choices in zip(orders, preferred, strict=True)
    ]
    network = _network(amounts, listed, brokers, balances)
    solution = solve_network(network, method, Limits())
    routed: dict[str, Any] = {broker: [] for broker in brokers}
    left, backlog = dict(balances), []
    for at, order in enumerate(orders):
        arc = int(solution.choice[at])
        if arc >= 0:
            broker = brokers[int(network.broker[arc])]
            routed[broker].append(order)
            left[broker] = left.get(broker, Decimal(0)) - amounts[at]
    for at, order in enumerate(orders):
        if solution.choice[at] < 0:
            backlog.append(_backlog_entry(order, amounts[at], preferred[at], listed[at], balances, left))
    return {
        **routed,
        "backlog": backlog,
        "balances": left,
        "warnings": [f"{entry['order']['ticker']}: not routed, {entry['reason']}" for entry in backlog],
        "objective": solution.objective,
        "bound": solution.bound,
        "gap": solution.gap,
        "status": str(solution.status),
    }


@cache
def _preferred(asset_type: str) -> tuple[str, ...]:
    return Policy().ranking("", asset_type, "", "", "").brokers


def _unit(amounts: Iterable[Decimal]) -> int:
    """Return the power of ten that makes every amount whole, as far as 64 bits allow."""
    given = list(amounts)
    decimals = max((-int(amount.as_tuple().exponent) for amount in given), default=0)
    digits = max((amount.adjusted() + 1 for amount in given), default=0)
    return int(10 ** max(0, min(decimals, 17 - max(digits, 0))))


def _network(
    amounts: Sequence[Decimal],
    listed: Sequence[Sequence[str]],
    brokers: list[str],
    balances: Mapping[str, Decimal],
) -> Network:
    """Return the network: an arc for each preferred broker that lists the ticker, worth its amount less its rank."""
    policy, unit = Policy(), _unit([*amounts, *balances.values()])
    order, pool, score, need = [], [], [], []
    for at, (amount, choices) in enumerate(zip(amounts, listed, strict=True)):
        micro = ceil_scaled(amount, MICRO)
        for rank, broker in enumerate(choices):
            points = policy.first_choice_bps - policy.rank_step_bps * rank
            order.append(at)
            pool.append(brokers.index(broker))
            score.append(max(1, micro * points // 10**6))
            need.append(ceil_scaled(amount, unit))
    capacity: Column = np.array(
        [max(0, floor_scaled(balances.get(broker, Decimal(0)), unit)) for broker in brokers], dtype=np.int64
    )
    n_arcs = len(order)
    return Network.from_columns(
        n_orders=len(amounts),
        order=np.array(order, dtype=np.int64),
        score=np.array(score, dtype=object),
        entry_start=np.arange(n_arcs + 1),
        entry_row=np.array(pool, dtype=np.int64),
        entry_need=np.array(need, dtype=object),
        capacity=capacity,
        broker=np.array(pool, dtype=np.int64),
        preference=np.arange(n_arcs),
    )


def _backlog_entry(
    order: Mapping[str, Any],
    amount: Decimal,
    preferred: Sequence[str],
    listed: Sequence[str],
    balances: Mapping[str, Decimal],
    left: Mapping[str, Decimal],
) -> dict[str, Any]:
    reasons: dict[str, dict[str, Any]] = {}
    for broker in preferred:
        held, free = balances.get(broker, Decimal(0)), left.get(broker, Decimal(0))
        if broker not in listed:
            reasons[broker] = {"code": str(ReasonCode.NOT_LISTED)}
        elif amount > held:
            reasons[broker] = {
                "code": str(ReasonCode.CAPITAL_INSUFFICIENT),
                "needed": amount,
                "available": held,
            }
        else:
            reasons[broker] = {
                "code": str(ReasonCode.CAPITAL_CONTENTION),
                "needed": amount,
                "available": free,
            }
    codes = [entry["code"] for entry in reasons.values()]
    depth = {str(code): at for at, code in enumerate(ReasonCode)}
    main = max(codes, key=lambda code: depth[str(code)], default=str(ReasonCode.NOT_PREFERRED))
    return {"order": order, "reason": main, "reasons": reasons}


def _read(orders: Sequence[Mapping[str, Any]], balances: Mapping[str, Any]) -> tuple[list[Decimal], dict[str, Decimal]]:
    """Return amounts and balances as exact decimals; a float counts as its shortest text."""
    violations: list[Violation] = []
    amounts = []
    for row, order in enumerate(orders, start=1):
        for key in ("ticker", "asset_type", "amount"):
            if key not in order:
                violations.append(Violation(f"key {key!r} is missing", "orders", row, key, by_row=True))
        amount = _amount(order.get("amount", 0), "orders", row, "amount", violations)
        if amount < 0:
            message = "must be a finite number >= 0"
            violations.append(Violation(message, "orders", row, "amount", str(amount)[:60], by_row=True))
        amounts.append(amount)
    held = {broker: _amount(value, "broker_balances", None, broker, violations) for broker, value in balances.items()}
    if violations:
        raise ProblemError(violations)
    return amounts, held


def _amount(value: Any, table: str, row: int | None, column: str, violations: list[Violation]) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    message = ""
    if isinstance(value, bool) or not amount.is_finite():
        message = "must be a finite number"
    elif amount.copy_abs() > MOST_MONEY:
        message = f"must be at most {MOST_MONEY}"
    if message:
        violations.append(Violation(message, table, row, column, repr(value)[:60], by_row=True))
        return Decimal(0)
    return amount
