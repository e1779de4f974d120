"""Why each order goes where it goes, and why not elsewhere.

Reasons are made from the decision and the network, after the fact; nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from solver.domain.amounts import MICRO, from_scaled, plain
from solver.domain.reason import DEPTH, MEANING, ReasonCode
from solver.eligibility import Eligibility
from solver.network import RowKind
from solver.problem import Problem
from solver.situation import Situation
from solver.solution import Solution

REASON_COLUMNS = ["order_id", "broker", "code", "needed", "available", "unit", "lost_to", "detail"]


def why_not(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return the why-not matrix: one reason for every order and broker that does not get it.

    An order that is served in part has a row for the brokers of its children too: why they get no more of it.

    Returns
    -------
    DataFrame
        Columns `REASON_COLUMNS`; ``needed`` and ``available`` are Decimals or None, ``lost_to`` is a tuple of ids.
    """
    order_ids = problem.orders["order_id"].to_numpy(object)
    rows = [
        (
            int(row.order),
            order_ids[row.order],
            row.broker,
            row.code,
            row.needed,
            row.available,
            row.unit,
            (),
            row.detail,
        )
        for row in eligibility.exclusions.itertuples(index=False)
    ]
    situation = Situation.after(problem, eligibility, solution)
    rows += [(order, order_ids[order], *reason) for order, reason in situation.reasons()]
    rank = {broker: at for at, broker in enumerate(problem.brokers)}
    rows.sort(key=lambda row: (row[0], rank.get(row[2], -1)))
    return pd.DataFrame([row[1:] for row in rows], columns=REASON_COLUMNS, dtype=object)


def main_reasons(reasons: pd.DataFrame) -> dict[str, Any]:
    """Return by order id the row that came nearest to a route: money before rules, least missing first."""
    depth = reasons["code"].map(DEPTH)
    missing = [
        (needed - available) if needed is not None and available is not None else Decimal("Infinity")
        for needed, available in zip(reasons["needed"], reasons["available"], strict=True)
    ]
    ranked = reasons.assign(depth=-depth, missing=missing).sort_values(["order_id", "depth", "missing"], kind="stable")
    nearest = ranked.drop_duplicates("order_id")
    # Rows as tuples: to take them out of the frame one by one takes a hundred times as long.
    return {row.order_id: row for row in nearest.itertuples(index=False)}


def sentence(order_id: str, symbol: str, side: str, asked: str, reason: Any, titles: dict[str, str]) -> str:
    """Return one English sentence on why an order stays in the backlog: amount, place, and what is missing."""
    what = f"{order_id}: {side} {asked} {symbol}"
    code = ReasonCode(reason.code)
    where = titles.get(reason.broker, reason.broker)
    if code == ReasonCode.UNKNOWN_INSTRUMENT:
        return f"{what} - no broker knows {symbol}" + (f" ({reason.detail})" if reason.detail else "")
    if code in (
        ReasonCode.CAPITAL_INSUFFICIENT,
        ReasonCode.CAPITAL_CONTENTION,
        ReasonCode.INSUFFICIENT_POSITION,
    ):
        return f"{what} - {_shortage(code, reason, where)}"
    detail = reason.detail or MEANING[code]
    numbers = ""
    if reason.needed is not None and reason.available is not None:
        numbers = f" (needs {shown(reason.needed)}, has {shown(reason.available)} {reason.unit})"
    return f"{what} - {where}: {detail}{numbers}"


def _shortage(code: ReasonCode, reason: Any, where: str) -> str:
    missing = shown(reason.needed - reason.available)
    needed, available = shown(reason.needed), shown(reason.available)
    if code == ReasonCode.INSUFFICIENT_POSITION:
        return f"{where} holds {available}, {missing} short of {needed}"
    if code == ReasonCode.CAPITAL_INSUFFICIENT:
        return f"needs {needed} {reason.unit}, {where} has {available} in all: {missing} {reason.unit} missing"
    rivals = f" after {', '.join(reason.lost_to[:2])}" if reason.lost_to else ""
    return f"needs {needed} {reason.unit}, {where} has {available} left{rivals}: {missing} {reason.unit} missing"


def shown(amount: Decimal) -> str:
    """Return an amount for people: two decimals where that is enough, thousands set apart."""
    rounded = amount.quantize(Decimal("0.01")) if abs(amount) >= 1 else plain(amount)
    return f"{rounded:,f}"


def capital_table(
    problem: Problem, eligibility: Eligibility, solution: Solution, children: pd.DataFrame, conversions: pd.DataFrame
) -> pd.DataFrame:
    """Return what each pool holds, spends, changes and keeps; see `solver.domain.allocation.Allocation.capital`."""
    rows = eligibility.rows
    used: Counter[tuple[str, str, str]] = Counter()
    names = ["broker", "account", "currency", "need", "proceeds"]
    for *pool, need, proceeds in children[names].itertuples(index=False, name=None):
        used[tuple(pool)] += int(need) - int(proceeds)
    converted: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for each in conversions.itertuples(index=False):
        converted[each.broker, each.account, each.sold] += each.sold_amount
        converted[each.broker, each.account, each.bought] -= each.bought_amount
    found = []
    for at, row in enumerate(rows.itertuples(index=False)):
        if row.kind != RowKind.CAPITAL:
            continue
        pool = (row.broker, row.account, row.currency)
        spent = from_scaled(used[pool], MICRO)
        capacity = row.capacity
        price = float(solution.prices[at]) * MICRO
        found.append(
            (
                *pool,
                row.held,
                row.reserve,
                capacity,
                spent,
                converted[pool],
                capacity - spent - converted[pool],
                price,
            )
        )
    columns = ["broker", "account", "currency", "cash", "reserve", "capacity", "used", "converted", "left", "price"]
    frame = pd.DataFrame(found, columns=columns)
    rank = {broker: at for at, broker in enumerate(problem.brokers)}
    order = np.lexsort((frame["currency"].astype(str), frame["account"].astype(str), frame["broker"].map(rank)))
    return frame.iloc[order].reset_index(drop=True) if len(frame) else frame
