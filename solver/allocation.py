"""From a choice of arcs back to tables: the only place where the network's integers become decimals again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from solver import explanation
from solver.domain.allocation import Allocation
from solver.domain.amounts import MICRO, PICO, from_scaled, text
from solver.domain.instrument import AssetType
from solver.domain.order import OrderType
from solver.domain.reason import ReasonCode
from solver.eligibility import Eligibility, default_time_in_force
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
    reasons = explanation.why_not(problem, eligibility, solution)
    routes = route_table(problem, eligibility, solution)
    return Allocation(
        routes,
        backlog_table(problem, eligibility, solution, reasons),
        explanation.capital_table(problem, eligibility, solution),
        reasons,
    )


def route_table(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return one row a child order to be; see `solver.domain.allocation.Allocation.routes`."""
    orders, arcs = problem.orders, eligibility.arcs
    chosen = solution.choice[solution.choice >= 0]
    taken = arcs.iloc[chosen]
    asked = orders.iloc[taken["order"].to_numpy(np.int64)]
    instruments = problem.instruments.iloc[taken["order"].to_numpy(np.int64)]
    routes = pd.DataFrame({column: asked[column].to_numpy() for column in ("order_id", "sleeve", "priority", "side")})
    for column in ("broker", "account", "symbol", "mic", "currency", "broker_symbol", "rule"):
        routes[column] = taken[column].to_numpy(object)
    routes["asset_type"] = instruments["asset_type"].to_numpy(object)
    routes["quantity"] = _decimals(taken["child"], PICO)
    # Every child carries its price bound: a market order is sent as a marketable limit, so that the requirement holds.
    routes["order_type"] = OrderType.LIMIT.value
    routes["limit_price"] = _decimals(taken["bound"], PICO)
    routes["time_in_force"] = _times_in_force(asked, routes["asset_type"])
    routes["required_capital"] = _decimals(taken["need"], MICRO)
    routes["value"] = _decimals(taken["value"], MICRO)
    routes["expected_cost"] = _decimals(taken["cost"], MICRO)
    routes["rank"] = taken["rank"].to_numpy(np.int64) + 1
    routes["points"] = taken["score"].to_numpy(object)
    return routes[ROUTE_COLUMNS]


def backlog_table(
    problem: Problem, eligibility: Eligibility, solution: Solution, reasons: pd.DataFrame
) -> pd.DataFrame:
    """Return what is not routed, with the main reason of each; see `solver.domain.allocation.Allocation.backlog`."""
    main = explanation.main_reasons(reasons)
    titles = {name: broker.title for name, broker in problem.brokers.items()}
    rows = []
    quoted = problem.policy.default_quotes[0]
    own = problem.instruments
    for at, order in enumerate(problem.orders.itertuples(index=False)):
        coin = own.at[at, "asset_type"] == AssetType.CRYPTO
        currency = order.currency.partition("|")[0] or (quoted if coin else own.at[at, "instrument_currency"])
        if solution.choice[at] < 0:
            reason = main[order.order_id]
            value = from_scaled(int(eligibility.value[at]), MICRO)
            rows.append(_backlog_row(order, order.quantity, order.notional, value, currency, reason, titles))
        elif (rest := _rest(eligibility, solution, at)) is not None:
            quantity, notional, value = rest
            lot = _remainder(eligibility, solution, at)
            rows.append(_backlog_row(order, quantity, notional, value, currency, lot, titles))
    return pd.DataFrame(rows, columns=BACKLOG_COLUMNS, dtype=object)


def _rest(
    eligibility: Eligibility, solution: Solution, order: int
) -> tuple[Decimal | None, Decimal | None, Decimal] | None:
    """Return quantity, notional and value of what the lots of the chosen broker leave over; None if that is nothing.

    Of a notional less than one unit of base currency is nothing: a fraction of a lot is never worth telling.
    """
    arc = eligibility.arcs.iloc[int(solution.choice[order])]
    asked, child, value = int(arc["asked"]), int(arc["child"]), int(eligibility.value[order])
    rest = max(asked - child, 0)
    worth = from_scaled(value * rest // asked, MICRO)
    if arc["notional"]:
        left = from_scaled(int(arc["notional"]) * rest // asked, MICRO)
        return (None, left, worth) if worth >= 1 else None
    return (from_scaled(rest, PICO), None, worth) if rest else None


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


def _remainder(eligibility: Eligibility, solution: Solution, order: int) -> pd.Series[Any]:
    """Return the reason for what is left below one lot of the chosen broker."""
    arc = eligibility.arcs.iloc[int(solution.choice[order])]
    lot = from_scaled(int(arc["lot"]), PICO)
    cells = {
        "broker": arc["broker"],
        "code": str(ReasonCode.LOT_REMAINDER),
        "needed": None,
        "available": None,
        "unit": "",
        "lost_to": (),
        "detail": f"less than one lot of {text(lot)}",
    }
    return pd.Series(cells, dtype=object)


def _times_in_force(asked: pd.DataFrame, asset_type: pd.Series[Any]) -> list[str]:
    return [own or default_time_in_force(kind) for own, kind in zip(asked["time_in_force"], asset_type, strict=True)]


def _decimals(units: pd.Series[Any], scale: int) -> list[Decimal]:
    return [from_scaled(int(value), scale) for value in units]
