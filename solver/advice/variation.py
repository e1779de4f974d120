"""A network that is changed before it is decided again: fewer arcs, other scores, must-serves, supplies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from solver.columns import Column
from solver.errors import Unsatisfiable
from solver.limits import Limits
from solver.methods import MIP_ARCS, solve_network
from solver.network import Network, RowKind
from solver.presolve import fits_back_ends
from solver.rules import NONE
from solver.solution import Solution


@dataclass(frozen=True, slots=True)
class Supply:
    """Capacity that can be brought: at most `limit` units, each at `cost` points; `draws` by row, negative: brings."""

    limit: int
    cost: int
    draws: Mapping[int, int]


@dataclass(eq=False)
class Variation:
    """A network under change; `network` writes it down.

    Attributes
    ----------
    base : Network
    arcs : int64 array
        Arcs of `base` that remain, rising.
    score : list of int, length len(arcs)
        Points of a lot of each; the base's own if not given.
    factor : int
        What the base's own costs of supplies and of further children are multiplied with.
    must : set of int
        Orders that have to be served.
    capacity, kinds : list of int
        Of every row; rows may be added.
    supplies : list of Supply
        Besides those of `base`.
    floor : int or None
        Least sum of the base's scores that has to be reached.
    """

    base: Network
    arcs: Column
    score: list[int] = field(default_factory=list)
    factor: int = 1
    must: set[int] = field(default_factory=set)
    capacity: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    supplies: list[Supply] = field(default_factory=list)
    floor: int | None = None

    def __post_init__(self) -> None:
        self.score = self.score or self.base.score[self.arcs].tolist()
        self.capacity = self.base.capacity.tolist()
        self.kinds = self.base.row_kind.tolist()

    def row(self, capacity: int = 0) -> int:
        """Add a row and return its index."""
        self.capacity.append(capacity)
        self.kinds.append(int(RowKind.CAPITAL))
        return len(self.capacity) - 1

    def supply(self, limit: int, cost: int, draws: Mapping[int, int]) -> int:
        """Add a supply and return its index among those added."""
        self.supplies.append(Supply(limit, cost, draws))
        return len(self.supplies) - 1

    def most_drawn(self, row: int) -> int:
        """Return what all remaining arcs, and the base's own supplies, could draw from a row together."""
        rules, part = self.base.written_rules, self.base.subset(self.arcs)
        most = part.written_rules.max_lots.tolist()
        owner, fixed = part.entry_arc.tolist(), part.written_rules.entry_fixed.tolist()
        entries = zip(part.entry_row.tolist(), part.entry_need.tolist(), owner, fixed, strict=True)
        drawn = sum(max(0, need * most[arc] + once) for at, need, arc, once in entries if at == row)
        for supply, limit in enumerate(rules.supply_limit.tolist()):
            drawn += sum(max(0, need * limit) for at, need in rules.supply_entries(supply) if at == row)
        return int(drawn)

    def network(self) -> Network:
        """Return the changed network."""
        part = self.base.subset(self.arcs)
        rules, names = part.written_rules, ("lots", "least_lots", "max_children", "basket", "same_broker")
        orders = {name: getattr(rules, name).tolist() for name in names}
        orders["split_cost"] = [cost * self.factor for cost in rules.split_cost.tolist()]
        orders["must_serve"] = [max(int(old), i in self.must) for i, old in enumerate(rules.must_serve.tolist())]
        arcs = {name: getattr(rules, name).tolist() for name in ("min_lots", "max_lots")}
        columns = {"order": part.order.tolist(), "score": list(self.score), "broker": part.broker.tolist()}
        entries = [list(part.entries(arc)) for arc in range(part.n_arcs)]
        fixed = _per_arc(part, rules.entry_fixed)
        capacity, kinds = list(self.capacity), list(self.kinds)
        if self.floor is not None:
            _demand(self.base, self.arcs, self.floor, len(capacity), entries, fixed)
            capacity, kinds = [*capacity, 0], [*kinds, int(RowKind.CAP)]
            plain = {"basket": NONE, "same_broker": NONE, "split_cost": 0}
            orders = {name: [*column, plain.get(name, 1)] for name, column in orders.items()}
            arcs = {name: [*column, 1] for name, column in arcs.items()}
            added = {"order": part.n_orders, "score": 0, "broker": 0}
            columns = {name: [*column, added[name]] for name, column in columns.items()}
        supplies = [
            Supply(int(limit), int(cost) * self.factor, dict(rules.supply_entries(at)))
            for at, (limit, cost) in enumerate(zip(rules.supply_limit, rules.supply_cost, strict=True))
        ]
        return Network.from_columns(
            n_orders=len(orders["lots"]),
            **columns,
            entry_start=np.concatenate(([0], np.cumsum([len(own) for own in entries]))).astype(np.int64),
            entry_row=[row for own in entries for row, _ in own],
            entry_need=[need for own in entries for _, need in own],
            capacity=np.array(capacity, dtype=object),
            row_kind=kinds,
            rules={
                **orders,
                **arcs,
                "entry_fixed": [once for own in fixed for once in own],
                **_supply_columns([*supplies, *self.supplies]),
            },
        )

    def decide(self, limits: Limits | None) -> Varied | None:
        """Return the best decision of the changed network; None if nothing serves what has to be served.

        Raises
        ------
        SolverError
            If a back-end breaks, or finds nothing in time although something has to be served.
        """
        try:
            solution = solve_network(self.network(), limits=replace(limits or Limits(), gap=0.0, surplus=None))
        except Unsatisfiable:
            return None
        lots = solution.lots if solution.lots is not None else np.zeros(0, np.int64)
        carried = np.zeros(self.base.n_arcs, np.int64)
        carried[self.arcs] = lots[: len(self.arcs)]
        own = self.base.written_rules.n_supplies
        units = [] if solution.supplies is None else solution.supplies.tolist()[own:]
        return Varied(carried, units, solution)


@dataclass(frozen=True, eq=False)
class Varied:
    """The decision of a changed network.

    Attributes
    ----------
    lots : int64 array, shape (arcs of the base,)
    units : list of int
        Of each supply that was added.
    solution : Solution
    """

    lots: Column
    units: list[int]
    solution: Solution

    @property
    def is_proven(self) -> bool:
        """Return whether no decision of the changed network is better."""
        return self.solution.bound == self.solution.objective

    def homes(self, network: Network) -> dict[int, int]:
        """Return the arc with the most lots of each order that is served."""
        return homes(network, self.lots)


def homes(network: Network, lots: Column) -> dict[int, int]:
    """Return the arc with the most lots of each order that is served."""
    found: dict[int, int] = {}
    for arc in np.flatnonzero(lots).tolist():
        order = int(network.order[arc])
        if order not in found or lots[arc] > lots[found[order]]:
            found[order] = arc
    return found


def lots_of(network: Network, solution: Solution) -> Column:
    """Return the lots of each arc in a decision of `network`."""
    if solution.lots is not None:
        return solution.lots
    lots = np.zeros(network.n_arcs, np.int64)
    served = np.flatnonzero(solution.choice >= 0)
    lots[solution.choice[served]] = network.written_rules.lots[served]
    return lots


def best_of(network: Network, limits: Limits | None) -> Solution:
    """Return the best decision of a network where only its value counts, so that no ties have to be settled."""
    limits = replace(limits or Limits(), gap=0.0, surplus=None)
    if network.n_arcs > MIP_ARCS or not fits_back_ends(network):
        return solve_network(network, limits=limits)
    return solve_network(network, "mip", replace(limits, backend="cp_sat"))


def helpers(network: Network) -> set[int]:
    """Return the orders that others may need without their being wanted: sells that bring cash, members of baskets."""
    bringing = network.order[network.entry_arc[network.entry_need < 0]].tolist()
    fixed = network.written_rules.entry_fixed
    bringing += network.order[network.entry_arc[fixed < 0]].tolist()
    return {*bringing, *np.flatnonzero(network.written_rules.basket != NONE).tolist()}


def arcs_of(network: Network, orders: Collection[int]) -> Column:
    """Return the arcs of some orders, rising."""
    return np.flatnonzero(np.isin(network.order, sorted(orders))).astype(np.int64)


def _demand(
    base: Network, arcs: Column, least: int, row: int, entries: list[list[tuple[int, int]]], fixed: list[list[int]]
) -> None:
    """Let an order of its own draw `least` from a new row that holds nothing and that the scores fill."""
    for place, score in enumerate(base.score[arcs].tolist()):
        if score:
            entries[place].append((row, -score))
            fixed[place].append(0)
    entries.append([(row, least)])
    fixed.append([0])


def _per_arc(part: Network, column: Column) -> list[list[int]]:
    start = part.entry_start.tolist()
    return [column[start[arc] : start[arc + 1]].tolist() for arc in range(part.n_arcs)]


def _supply_columns(supplies: list[Supply]) -> dict[str, list[int]]:
    drawn = [list(supply.draws.items()) for supply in supplies]
    return {
        "supply_limit": [supply.limit for supply in supplies],
        "supply_cost": [supply.cost for supply in supplies],
        "supply_start": [0, *np.cumsum([len(own) for own in drawn], dtype=np.int64).tolist()],
        "supply_row": [row for own in drawn for row, _ in own],
        "supply_need": [need for own in drawn for _, need in own],
    }
