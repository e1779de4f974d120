"""Why each order goes where it goes, and why not elsewhere.

Reasons are made from the decision and the network, after the fact; nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver.columns import Column
from solver.domain.amounts import MICRO, from_scaled, plain
from solver.domain.reason import MEANING, ReasonCode
from solver.eligibility import Eligibility
from solver.network import Network, RowKind
from solver.problem import Problem
from solver.rules import NONE
from solver.solution import Solution, Status

REASON_COLUMNS = ["order_id", "broker", "code", "needed", "available", "unit", "lost_to", "detail"]

CODE_OF_ROW = {
    RowKind.CUSTODY: ReasonCode.INSUFFICIENT_POSITION,
    RowKind.PACING: ReasonCode.PACING_LIMIT,
    RowKind.CAP: ReasonCode.CAP_REACHED,
    RowKind.EXCLUSIVITY: ReasonCode.OPPOSITE_SIDE,
}
"""What a full row is told as; a full pool is told by whether the order would fit there alone."""

NAMED_RIVALS = 5
"""Most orders that are named as holding what another one would need."""


def why_not(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return the why-not matrix: one reason for every order and broker that does not get it.

    Returns
    -------
    DataFrame
        Columns `REASON_COLUMNS`; ``needed`` and ``available`` are Decimals or None, ``lost_to`` is a tuple of ids.
    """
    order_ids = problem.orders["order_id"].to_numpy(object)
    choice = solution.choice
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
    rows += [
        (order, order_ids[order], *reason)
        for order, reason in _reasons_of_arcs(problem, eligibility, choice, solution.status)
    ]
    rank = {broker: at for at, broker in enumerate(problem.brokers)}
    rows.sort(key=lambda row: (row[0], rank.get(row[2], -1)))
    return pd.DataFrame([row[1:] for row in rows], columns=REASON_COLUMNS, dtype=object)


def _reasons_of_arcs(
    problem: Problem, eligibility: Eligibility, choice: Column, status: Status
) -> list[tuple[int, tuple[Any, ...]]]:
    """Return the reason of every (order, broker) that has arcs but is not chosen; that of its best arc."""
    network = eligibility.network
    chosen = choice[choice >= 0]
    situation = _Situation(
        network=network,
        labels=list(eligibility.rows.itertuples(index=False)),
        used=network.usage(chosen),
        holders=_holders(network, chosen, problem.orders["order_id"].to_numpy(object)),
        brought=frozenset(network.entry_row[network.entry_need < 0].tolist()),
        base=problem.base_currency,
        unproven="this method does not look back" if status == Status.HEURISTIC else "",
    )
    found: dict[tuple[int, str], tuple[Any, ...]] = {}
    brokers = eligibility.arcs["broker"].to_numpy(object)
    for arc in range(network.n_arcs):
        order, broker = int(network.order[arc]), brokers[arc]
        if choice[order] >= 0 and brokers[choice[order]] == broker:
            continue
        reason = (broker, *situation.reason(arc, int(choice[order])))
        before = found.get((order, broker))
        if before is None or _depth(reason[1]) > _depth(before[1]):
            found[order, broker] = reason
    return [(order, reason) for (order, _), reason in found.items()]


@dataclass(frozen=True, eq=False)
class _Situation:
    """A network after the decision: what each row means, what is drawn from it, and by whom."""

    network: Network
    labels: list[Any]
    used: list[int]
    holders: dict[int, list[tuple[float, str]]]
    brought: frozenset[int]
    base: str
    unproven: str

    def reason(self, arc: int, chosen: int) -> tuple[Any, ...]:
        """Return code, needed, available, unit, rivals and detail of an arc that was not chosen.

        `chosen` is the arc that its order takes instead, -1 for none.
        """
        entries = list(self.network.entries(arc))
        for row, need in entries:
            if need > int(self.network.capacity[row]) and row not in self.brought:
                return self._shortage(row, need, Decimal(0), ReasonCode.CAPITAL_INSUFFICIENT, ())
        if chosen >= 0 and int(self.network.score[chosen]) >= int(self.network.score[arc]):
            return (str(ReasonCode.SERVED_ELSEWHERE), None, None, "", (), "")
        for row, need in entries:
            own = sum(n for r, n in self.network.entries(chosen) if r == row) if chosen >= 0 else 0
            drawn = self.used[row] - own
            if need > int(self.network.capacity[row]) - drawn:
                rivals = tuple(name for _, name in self.holders.get(row, [])[:NAMED_RIVALS])
                taken = _amount(drawn, self.labels[row].units)
                return self._shortage(row, need, taken, ReasonCode.CAPITAL_CONTENTION, rivals)
        if self.is_bound(int(self.network.order[arc])):
            return (str(ReasonCode.BASKET_INCOMPLETE), None, None, "", (), "")
        return (str(ReasonCode.UNPROVEN), None, None, "", (), self.unproven)

    def is_bound(self, order: int) -> bool:
        """Return whether the order belongs to a basket or to a group."""
        rules = self.network.rules
        return rules is not None and max(int(rules.basket[order]), int(rules.same_broker[order])) != NONE

    def _shortage(
        self, row: int, need: int, taken: Decimal, code: ReasonCode, rivals: tuple[str, ...]
    ) -> tuple[Any, ...]:
        label = self.labels[row]
        code = CODE_OF_ROW.get(label.kind, code)
        unit = label.currency or label.instrument.partition("@")[0]
        if label.kind in (RowKind.PACING, RowKind.EXCLUSIVITY):
            return (str(code), None, None, "", rivals, "")
        if label.kind == RowKind.CAP:
            return (str(code), _amount(need, label.units), label.capacity - taken, self.base, rivals, label.instrument)
        return (str(code), _amount(need, label.units), label.capacity - taken, unit, rivals, "")


def _holders(network: Network, chosen: Column, order_ids: Any) -> dict[int, list[tuple[float, str]]]:
    """Return who draws on each row, the least valuable use first: the rivals a contender lost to."""
    holders: dict[int, list[tuple[float, str]]] = {}
    for arc in chosen.tolist():
        for row, need in network.entries(arc):
            if need > 0:
                worth = int(network.score[arc]) / need
                holders.setdefault(row, []).append((worth, str(order_ids[network.order[arc]])))
    for rivals in holders.values():
        rivals.sort()
    return holders


def main_reasons(reasons: pd.DataFrame) -> dict[str, Any]:
    """Return by order id the row that came nearest to a route: money before rules, least missing first."""
    depth = reasons["code"].map(_depth)
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


def capital_table(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return what each pool holds, spends and keeps; see `solver.domain.allocation.Allocation.capital`."""
    network, rows = eligibility.network, eligibility.rows
    used = network.usage(solution.choice[solution.choice >= 0])
    found = []
    for at, row in enumerate(rows.itertuples(index=False)):
        if row.kind != RowKind.CAPITAL:
            continue
        spent = from_scaled(used[at], MICRO)
        capacity = row.capacity
        price = float(solution.prices[at]) * MICRO
        found.append(
            (
                row.broker,
                row.account,
                row.currency,
                row.held,
                row.reserve,
                capacity,
                spent,
                capacity - spent,
                price,
            )
        )
    columns = ["broker", "account", "currency", "cash", "reserve", "capacity", "used", "left", "price"]
    frame = pd.DataFrame(found, columns=columns)
    rank = {broker: at for at, broker in enumerate(problem.brokers)}
    order = np.lexsort((frame["currency"].astype(str), frame["account"].astype(str), frame["broker"].map(rank)))
    return frame.iloc[order].reset_index(drop=True) if len(frame) else frame


def _amount(units: int, per_unit: Fraction) -> Decimal:
    """Return row units as currency or instrument units, exactly."""
    value = Fraction(units) / per_unit
    return plain(Decimal(value.numerator) / Decimal(value.denominator))


def _depth(code: str) -> int:
    """Return how near to a route a reason is: its place in the closed list."""
    return list(ReasonCode).index(ReasonCode(code))
