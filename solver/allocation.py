"""From a choice of arcs back to tables: the only place where the network's integers become decimals again."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver import cost, explanation
from solver.children import children_of
from solver.domain.allocation import Allocation
from solver.domain.amounts import MICRO, PICO, from_scaled, text
from solver.domain.instrument import AssetType
from solver.domain.order import OrderType
from solver.domain.reason import ReasonCode
from solver.eligibility import Eligibility, default_time_in_force
from solver.eligibility.pricing import rates_to_base
from solver.errors import SolverError
from solver.problem import Problem
from solver.solution import Solution

ROUTE_COLUMNS = [
    "order_id",
    "sleeve",
    "priority",
    "broker",
    "account",
    "symbol",
    "mic",
    "currency",
    "asset_type",
    "broker_symbol",
    "side",
    "quantity",
    "order_type",
    "limit_price",
    "time_in_force",
    "required_capital",
    "value",
    "expected_cost",
    "rank",
    "points",
    "rule",
]

CONVERSION_COLUMNS = [
    "broker",
    "account",
    "sold",
    "bought",
    "sold_amount",
    "bought_amount",
    "worst_rate",
    "expected_cost",
    "points",
]

BACKLOG_COLUMNS = [
    "order_id",
    "sleeve",
    "priority",
    "symbol",
    "side",
    "quantity",
    "notional",
    "value",
    "code",
    "broker",
    "needed",
    "available",
    "missing",
    "unit",
    "lost_to",
    "sentence",
]


def allocate(problem: Problem, eligibility: Eligibility, solution: Solution) -> Allocation:
    """Return the decision as tables, with the reason of everything that is not routed."""
    children = children_of(problem, eligibility, solution)
    conversions = conversion_table(problem, eligibility, solution)
    reasons = explanation.why_not(problem, eligibility, solution)
    return Allocation(
        route_table(problem, children),
        backlog_table(problem, eligibility, children, reasons),
        explanation.capital_table(problem, eligibility, solution, children, conversions),
        conversions,
        reasons,
    )


def conversion_table(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return one row a conversion; see `solver.domain.allocation.Allocation.conversions`."""
    possible, found = eligibility.conversions, []
    units = solution.supplies if solution.supplies is not None else np.zeros(len(possible), np.int64)
    rates = rates_to_base(problem.rates, problem.base_currency)
    for row, blocks in zip(possible.itertuples(index=False), units.tolist(), strict=True):
        if not blocks:
            continue
        terms = problem.brokers[row.broker].conversion
        if terms is None:
            raise SolverError(f"{row.broker} changes no currency, and a conversion there was decided")
        bought, sold = row.block * blocks, row.each * blocks + row.once
        worst = cost.converted_at_worst(terms, MICRO * MICRO, rates[row.sold], rates[row.bought])
        expected = cost.expected_conversion_cost(terms, bought * rates[row.bought] // PICO)
        expected += row.once * rates[row.sold] // PICO
        found.append(
            (
                row.broker,
                row.account,
                row.sold,
                row.bought,
                from_scaled(sold, MICRO),
                from_scaled(bought, MICRO),
                from_scaled(int(worst), MICRO * MICRO),
                from_scaled(int(expected), MICRO),
                row.cost * blocks + row.once_cost,
            )
        )
    return pd.DataFrame(found, columns=CONVERSION_COLUMNS, dtype=object)


def route_table(problem: Problem, children: pd.DataFrame) -> pd.DataFrame:
    """Return one row a child order to be; see `solver.domain.allocation.Allocation.routes`."""
    order = children["order"].to_numpy(np.int64)
    asked, instruments = problem.orders.iloc[order], problem.instruments.iloc[order]
    routes = pd.DataFrame({column: asked[column].to_numpy() for column in ("order_id", "sleeve", "priority", "side")})
    for column in ("broker", "account", "symbol", "mic", "currency", "broker_symbol", "rule"):
        routes[column] = children[column].to_numpy(object)
    routes["asset_type"] = instruments["asset_type"].to_numpy(object)
    routes["quantity"] = _decimals(children["quantity"], PICO)
    # Every child carries its price bound: a market order is sent as a marketable limit, so that the requirement holds.
    routes["order_type"] = OrderType.LIMIT.value
    routes["limit_price"] = _decimals(children["bound"], PICO)
    routes["time_in_force"] = _times_in_force(asked, routes["asset_type"])
    routes["required_capital"] = _decimals(children["need"], MICRO)
    routes["value"] = _decimals(children["value"], MICRO)
    routes["expected_cost"] = _decimals(children["cost"], MICRO)
    routes["rank"] = children["rank"].to_numpy(np.int64) + 1
    routes["points"] = children["points"].to_numpy(object)
    return routes[ROUTE_COLUMNS]


def backlog_table(
    problem: Problem, eligibility: Eligibility, children: pd.DataFrame, reasons: pd.DataFrame
) -> pd.DataFrame:
    """Return what is not routed, with the main reason of each; see `solver.domain.allocation.Allocation.backlog`."""
    main = explanation.main_reasons(reasons)
    titles = {name: broker.title for name, broker in problem.brokers.items()}
    rows = []
    quoted = problem.policy.default_quotes[0]
    own = problem.instruments
    # Rows as mappings: to take them out of the frame order by order takes a hundred times as long.
    by_order: dict[int, list[dict[str, Any]]] = {}
    for child in children.to_dict("records"):
        by_order.setdefault(child["order"], []).append(child)
    for at, order in enumerate(problem.orders.itertuples(index=False)):
        coin = own.at[at, "asset_type"] == AssetType.CRYPTO
        currency = order.currency.partition("|")[0] or (quoted if coin else own.at[at, "instrument_currency"])
        value = int(eligibility.value[at])
        if at not in by_order:
            worth = from_scaled(value, MICRO)
            rows.append(
                _backlog_row(order, order.quantity, order.notional, worth, currency, main[order.order_id], titles)
            )
        elif (rest := _rest(by_order[at], value)) is not None:
            quantity, notional, worth = rest
            served = sum(int(child["lots"]) for child in by_order[at])
            reason = _remainder(by_order[at]) if served == eligibility.lots(at) else main[order.order_id]
            rows.append(_backlog_row(order, quantity, notional, worth, currency, reason, titles))
    return pd.DataFrame(rows, columns=BACKLOG_COLUMNS, dtype=object)


def _rest(children: list[dict[str, Any]], value: int) -> tuple[Decimal | None, Decimal | None, Decimal] | None:
    """Return quantity, notional and value of what the children of an order leave over; None if that is nothing.

    Of a notional less than one unit of base currency is nothing: a fraction of a lot is never worth telling.
    """
    served = sum(Fraction(int(child["quantity"]), int(child["asked"])) for child in children)
    rest = max(1 - served, Fraction(0))
    worth = from_scaled(math.floor(value * rest), MICRO)
    first = children[0]
    if first["notional"]:
        left = from_scaled(math.floor(int(first["notional"]) * rest), MICRO)
        return (None, left, worth) if worth >= 1 else None
    return (from_scaled(math.floor(int(first["asked"]) * rest), PICO), None, worth) if rest else None


def _backlog_row(
    order: Any,
    quantity: Decimal | None,
    notional: Decimal | None,
    value: Decimal,
    currency: str,
    reason: Any,
    titles: dict[str, str],
) -> tuple[Any, ...]:
    if quantity is not None:
        asked = text(quantity)
    else:
        asked = f"{explanation.shown(notional or Decimal(0))} {currency} of".replace("  ", " ")
    words = explanation.sentence(order.order_id, order.symbol, order.side, asked, reason, titles)
    short = reason.needed is not None and reason.available is not None
    missing = max(reason.needed - reason.available, Decimal(0)) if short else None
    return (
        order.order_id,
        order.sleeve,
        order.priority,
        order.symbol,
        order.side,
        quantity,
        notional,
        value,
        reason.code,
        reason.broker,
        reason.needed,
        reason.available,
        missing,
        reason.unit,
        reason.lost_to,
        words,
    )


def _remainder(children: list[dict[str, Any]]) -> pd.Series[Any]:
    """Return the reason for what is left below one lot, told of the largest child's broker."""
    largest = max(children, key=lambda child: int(child["lots"]))
    by_notional = largest["is_part"] and largest["notional"]
    size = int(largest["lot_size"] if largest["is_part"] else largest["lot"])
    cells = {
        "broker": largest["broker"],
        "code": str(ReasonCode.LOT_REMAINDER),
        "needed": None,
        "available": None,
        "unit": "",
        "lost_to": (),
        "detail": "less than one lot" + ("" if by_notional else f" of {text(from_scaled(size, PICO))}"),
    }
    return pd.Series(cells, dtype=object)


def _times_in_force(asked: pd.DataFrame, asset_type: pd.Series[Any]) -> list[str]:
    return [own or default_time_in_force(kind) for own, kind in zip(asked["time_in_force"], asset_type, strict=True)]


def _decimals(units: pd.Series[Any], scale: int) -> list[Decimal]:
    return [from_scaled(int(value), scale) for value in units]
