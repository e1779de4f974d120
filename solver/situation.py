"""A network after the decision: what each row has left, who draws on it, and what that means for the arcs not used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from solver.children import lots_of
from solver.columns import Column
from solver.domain.amounts import plain
from solver.domain.reason import DEPTH, ReasonCode
from solver.eligibility import Eligibility
from solver.network import Network, RowKind
from solver.problem import Problem
from solver.rules import NONE, Rules
from solver.solution import Solution, Status

CODE_OF_ROW = {
    RowKind.CUSTODY: ReasonCode.INSUFFICIENT_POSITION,
    RowKind.PACING: ReasonCode.PACING_LIMIT,
    RowKind.CAP: ReasonCode.CAP_REACHED,
    RowKind.EXCLUSIVITY: ReasonCode.OPPOSITE_SIDE,
}
"""What a full row is told as; a full pool is told by whether the order would fit there alone."""

NAMED_RIVALS = 5
"""Most orders that are named as holding what another one would need."""

Told = tuple[Any, ...]
"""Code, needed, available, unit, rivals and detail."""


@dataclass(frozen=True, eq=False)
class Situation:
    """What a decision leaves of a network.

    Attributes
    ----------
    network : Network
    rules : Rules
    brokers : object array of str, shape (n_arcs,)
    labels : list
        What each row means, see `Eligibility.rows`.
    lots : int64 array, shape (n_arcs,)
        What each arc carries.
    used : list of int
        What is drawn from each row.
    holders : list of list of str
        Orders that draw on each row, the least valuable use first: the rivals a contender lost to.
    brought : frozenset of int
        Rows to which some arc or supply brings.
    base : str
        Base currency.
    unproven : str
        What to say where nothing is in the way.
    """

    network: Network
    rules: Rules
    brokers: Any
    labels: list[Any]
    lots: Column
    used: list[int]
    holders: list[list[str]]
    brought: frozenset[int]
    base: str
    unproven: str

    @classmethod
    def after(cls, problem: Problem, eligibility: Eligibility, solution: Solution) -> Situation:
        """Return the situation after a decision."""
        network, lots = eligibility.network, lots_of(eligibility, solution)
        return cls(
            network=network,
            rules=network.written_rules,
            brokers=eligibility.arcs["broker"].to_numpy(object),
            labels=list(eligibility.rows.itertuples(index=False)),
            lots=lots,
            used=network.draws(lots, solution.supplies),
            holders=_holders(network, lots, problem.orders["order_id"].to_numpy(object)),
            brought=_brought(network),
            base=problem.base_currency,
            unproven="this method does not look back" if solution.status == Status.HEURISTIC else "",
        )

    def reasons(self) -> Iterator[tuple[int, Told]]:
        """Yield (order, broker and reason) of every broker that an order could use and does not; that of its best arc.

        Of an order that is served in part the brokers of its children are told too.
        """
        start = self.network.order_start.tolist()
        for order in range(self.network.n_orders):
            own = range(start[order], start[order + 1])
            served = sum(int(self.lots[arc]) for arc in own)
            complete = served >= int(self.rules.lots[order])
            users = {self.brokers[arc] for arc in own if self.lots[arc]}
            found: dict[str, Told] = {}
            for arc in own:
                broker = self.brokers[arc]
                if complete and broker in users:
                    continue
                reason = self.reason(arc, own)
                if broker not in found or DEPTH[reason[0]] > DEPTH[found[broker][0]]:
                    found[broker] = reason
            yield from ((order, (broker, *reason)) for broker, reason in found.items())

    def reason(self, arc: int, own: range) -> Told:
        """Return why an arc does not carry its order, or no more of it; `own` are the arcs of the order."""
        order = int(self.network.order[arc])
        chosen = [other for other in own if self.lots[other]]
        wanted = int(self.rules.lots[order]) if chosen else int(self.rules.least_lots[order])
        wanted = max(wanted, int(self.rules.min_lots[arc]))
        for row, need in self._full(arc, wanted):
            if need > int(self.network.capacity[row]) and row not in self.brought:
                return self._shortage(row, need, Decimal(0), ReasonCode.CAPITAL_INSUFFICIENT, [])
        if chosen and self._worth(chosen) >= self._worth_of(arc, wanted):
            return (str(ReasonCode.SERVED_ELSEWHERE), None, None, "", (), "")
        spared = self._drawn(chosen)
        for row, need in self._full(arc, wanted):
            drawn = self.used[row] - spared.get(row, 0)
            if need > int(self.network.capacity[row]) - drawn:
                taken = _amount(drawn, self.labels[row].units)
                return self._shortage(row, need, taken, ReasonCode.CAPITAL_CONTENTION, self.holders[row])
        if int(self.rules.max_lots[arc]) < wanted:
            return (str(ReasonCode.SPLIT_LIMIT), None, None, "", (), "")
        if max(int(self.rules.basket[order]), int(self.rules.same_broker[order])) != NONE:
            return (str(ReasonCode.BASKET_INCOMPLETE), None, None, "", (), "")
        return (str(ReasonCode.UNPROVEN), None, None, "", (), self.unproven)

    def _full(self, arc: int, lots: int) -> Iterator[tuple[int, int]]:
        """Yield (row, what the arc would draw with some lots)."""
        for entry in range(int(self.network.entry_start[arc]), int(self.network.entry_start[arc + 1])):
            drawn = int(self.network.entry_need[entry]) * lots + int(self.rules.entry_fixed[entry])
            yield int(self.network.entry_row[entry]), drawn

    def _drawn(self, arcs: list[int]) -> dict[int, int]:
        """Return what some arcs draw from each row."""
        drawn: dict[int, int] = {}
        for arc in arcs:
            for row, need in self._full(arc, int(self.lots[arc])):
                drawn[row] = drawn.get(row, 0) + need
        return drawn

    def _worth(self, arcs: list[int]) -> int:
        order = int(self.network.order[arcs[0]])
        further = int(self.rules.split_cost[order]) * (len(arcs) - 1)
        return sum(self._worth_of(arc, int(self.lots[arc])) for arc in arcs) - further

    def _worth_of(self, arc: int, lots: int) -> int:
        return int(self.network.score[arc]) * lots + int(self.rules.score_fixed[arc])

    def _shortage(self, row: int, need: int, taken: Decimal, code: ReasonCode, rivals: list[str]) -> Told:
        label = self.labels[row]
        code, named = CODE_OF_ROW.get(label.kind, code), tuple(rivals[:NAMED_RIVALS])
        unit = label.currency or label.instrument.partition("@")[0]
        if label.kind in (RowKind.PACING, RowKind.EXCLUSIVITY):
            return (str(code), None, None, "", named, "")
        if label.kind == RowKind.CAP:
            return (str(code), _amount(need, label.units), label.capacity - taken, self.base, named, label.instrument)
        return (str(code), _amount(need, label.units), label.capacity - taken, unit, named, "")


def _brought(network: Network) -> frozenset[int]:
    rules = network.written_rules
    by_arcs, by_supplies = network.entry_row[network.entry_need < 0], rules.supply_row[rules.supply_need < 0]
    return frozenset((*by_arcs.tolist(), *by_supplies.tolist()))


def _holders(network: Network, lots: Column, order_ids: Any) -> list[list[str]]:
    """Return who draws on each row, the least valuable use first."""
    rules = network.written_rules
    found: list[list[tuple[float, str]]] = [[] for _ in range(network.n_rows)]
    for arc in np.flatnonzero(lots).tolist():
        worth = int(network.score[arc]) * int(lots[arc]) + int(rules.score_fixed[arc])
        for entry in range(int(network.entry_start[arc]), int(network.entry_start[arc + 1])):
            need = int(network.entry_need[entry]) * int(lots[arc]) + int(rules.entry_fixed[entry])
            if need > 0:
                found[int(network.entry_row[entry])].append((worth / need, str(order_ids[network.order[arc]])))
    return [list(dict.fromkeys(name for _, name in sorted(rivals))) for rivals in found]


def _amount(units: int, per_unit: Fraction) -> Decimal:
    """Return row units as currency or instrument units, exactly."""
    value = Fraction(units) / per_unit
    return plain(Decimal(value.numerator) / Decimal(value.denominator))
