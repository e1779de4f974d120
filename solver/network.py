"""The compiled problem: one batch as integer columns.

A `Network` is a list of arcs (order, broker) with a score each, and a sparse (arc x row) matrix of integer
requirements against rows with capacities. A row is a capital pool, a holding, or any other limit; an arc draws on
as many rows as it needs. Every method takes a `Network` and returns a `solver.Solution`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.columns import INT64_MAX, Column, integers
from solver.errors import ProblemError
from solver.rules import Rules


class RowKind(IntEnum):
    """What a row limits; the number is that of its equation in `solver.formulation`."""

    CAPITAL = 4
    CUSTODY = 5
    PACING = 7
    CAP = 9
    EXCLUSIVITY = 10


@dataclass(frozen=True, eq=False)
class Network:
    """One batch as columns; build it with `Network.assignment` or `Network.from_columns`.

    Attributes
    ----------
    n_orders : int
        Orders, those without arcs included.
    order : int64 array, shape (n_arcs,)
        Order index of each arc, non-decreasing.
    score : int64 array, shape (n_arcs,)
        Points of the arc, of each of its lots, >= 0.
    entry_start : int64 array, shape (n_arcs + 1,)
        Entries of arc ``j`` are ``entry_start[j]:entry_start[j + 1]``.
    entry_row, entry_need : int64 array, shape (n_entries,)
        The row an entry draws on, and how much for each lot; negative where it brings, as a sell brings cash.
    capacity : int64 array, shape (n_rows,)
        What each row holds, >= 0.
    row_kind : int64 array, shape (n_rows,)
        `RowKind` of each row.
    broker : int64 array, shape (n_arcs,)
        Broker index of each arc.
    preference : int64 array, shape (n_arcs,)
        Position of the arc in its order's list of preferences, 0 first; only the desk's greedy reads it.
    tier : int64 array, shape (n_orders,)
        Priority of each order, 1 first; only the priority greedy reads it.
    tie_rank : int64 array, shape (n_orders,)
        Which order comes first among equals (a permutation: 0 first).
    position : int64 array, shape (n_arcs,)
        Index of each arc in the columns as they were given.
    rules : Rules or None
        What goes beyond one child an order; None for the plain model.
    """

    n_orders: int
    order: Column
    score: Column
    entry_start: Column
    entry_row: Column
    entry_need: Column
    capacity: Column
    row_kind: Column
    broker: Column
    preference: Column
    tier: Column
    tie_rank: Column
    position: Column
    rules: Rules | None = None

    @classmethod
    def assignment(
        cls,
        *,
        n_orders: int,
        order: npt.ArrayLike,
        pool: npt.ArrayLike,
        score: npt.ArrayLike,
        need: npt.ArrayLike,
        capacity: npt.ArrayLike,
    ) -> Network:
        """Build the plain model: every arc draws on one pool, at most one arc an order is chosen.

        Parameters
        ----------
        n_orders : int
            Orders; trailing ones may have no arc.
        order : int array, shape (n_arcs,)
            Order of each arc; sorted here if it is not.
        pool : int array, shape (n_arcs,)
            Pool that the arc draws on, which is also its broker.
        score, need : int64 array, shape (n_arcs,)
            Points, and capital drawn from the pool; >= 0.
        capacity : int64 array, shape (n_pools,)
            Capital of each pool; >= 0.

        Raises
        ------
        ProblemError
            If a value is negative or no integer, an index is out of range, lengths differ, or sums pass int64.
        """
        pools = integers("pool", pool)
        if len(pools) and pools.min() < 0:
            at = int(pools.argmin())
            raise ProblemError(f"pool[{at}]: must be >= 0, is {pools[at]}")
        return cls.from_columns(
            n_orders=n_orders,
            order=order,
            score=score,
            entry_start=np.arange(len(pools) + 1),
            entry_row=pools,
            entry_need=need,
            capacity=capacity,
            broker=pools,
        )

    @classmethod
    def from_columns(
        cls,
        *,
        n_orders: int,
        order: npt.ArrayLike,
        score: npt.ArrayLike,
        entry_start: npt.ArrayLike,
        entry_row: npt.ArrayLike,
        entry_need: npt.ArrayLike,
        capacity: npt.ArrayLike,
        broker: npt.ArrayLike,
        row_kind: npt.ArrayLike | None = None,
        preference: npt.ArrayLike | None = None,
        tier: npt.ArrayLike | None = None,
        tie_rank: npt.ArrayLike | None = None,
        rules: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Network:
        """Build a network whose arcs draw on any number of rows; see the attributes for the columns.

        `row_kind` is capital where it is not given, `preference` follows falling score, `tier` is 1, and `tie_rank`
        is the order of the orders. `rules` are columns of `solver.rules.Rules`; only with them may needs be
        negative.

        Raises
        ------
        ProblemError
            If a value is negative or no integer, an index is out of range, lengths differ, or sums pass int64.
        """
        _check_count(n_orders)
        columns = {
            "order": integers("order", order),
            "score": integers("score", score),
            "entry_start": integers("entry_start", entry_start),
            "entry_row": integers("row", entry_row),
            "entry_need": integers("need", entry_need),
            "capacity": integers("capacity", capacity),
            "broker": integers("broker", broker),
        }
        n_rows, n_arcs = len(columns["capacity"]), len(columns["order"])
        kinds = np.full(n_rows, int(RowKind.CAPITAL)) if row_kind is None else integers("row_kind", row_kind)
        tiers = np.ones(n_orders, np.int64) if tier is None else integers("tier", tier)
        ties = np.arange(n_orders) if tie_rank is None else integers("tie_rank", tie_rank)
        _check_shapes(n_orders, n_rows, columns, kinds, tiers, ties)
        _check_values(n_orders, n_rows, columns, may_bring=rules is not None)
        _check_marks(columns, kinds, ties)
        if preference is None:
            wishes = _falling_score(columns["order"], columns["score"])
        else:
            wishes = integers("preference", preference)
            if len(wishes) != n_arcs:
                raise ProblemError(f"preference: has {len(wishes)} values, expected {n_arcs}")
        network = cls(
            n_orders=int(n_orders),
            row_kind=kinds,
            preference=wishes,
            tier=tiers,
            tie_rank=ties,
            position=np.arange(n_arcs),
            rules=None if rules is None else Rules.read(n_orders, n_arcs, len(columns["entry_row"]), n_rows, rules),
            **columns,
        )
        if n_arcs and (np.diff(network.order) < 0).any():
            network = network.subset(np.argsort(network.order, kind="stable"))
        _check_sums(network)
        return network

    @property
    def n_arcs(self) -> int:
        """Return the number of arcs."""
        return len(self.order)

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return len(self.capacity)

    @cached_property
    def entry_arc(self) -> Column:
        """Return the arc of each entry, shape (n_entries,)."""
        return np.repeat(np.arange(self.n_arcs), np.diff(self.entry_start))

    @cached_property
    def order_start(self) -> Column:
        """Return where the arcs of each order begin, shape (n_orders + 1,)."""
        return np.searchsorted(self.order, np.arange(self.n_orders + 1)).astype(np.int64)

    @cached_property
    def served_orders(self) -> tuple[Column, Column]:
        """Return the orders that have arcs, and the first arc of each."""
        first = np.flatnonzero(np.diff(self.order, prepend=-1))
        return self.order[first], first

    @cached_property
    def one_entry_each(self) -> bool:
        """Return whether every arc draws on one row exactly."""
        return len(self.entry_row) == self.n_arcs and bool((np.diff(self.entry_start) == 1).all())

    @cached_property
    def written_rules(self) -> Rules:
        """Return the rules, those of the plain model written out if there are none."""
        return self.rules or Rules.read(self.n_orders, self.n_arcs, len(self.entry_row), self.n_rows, {})

    def entries(self, arc: int) -> Iterator[tuple[int, int]]:
        """Yield (row, need) of one arc as Python integers."""
        for entry in range(int(self.entry_start[arc]), int(self.entry_start[arc + 1])):
            yield int(self.entry_row[entry]), int(self.entry_need[entry])

    def usage(self, arcs: Sequence[int] | Column) -> list[int]:
        """Return what a set of arcs draws from each row, exactly, length n_rows."""
        used = [0] * self.n_rows
        for arc in arcs:
            for row, need in self.entries(int(arc)):
                used[row] += need
        return used

    def draws(self, lots: Column, supplies: Column | None = None) -> list[int]:
        """Return what arcs that carry some lots draw from each row, less what supplies bring; exactly, length n_rows.

        Parameters
        ----------
        lots : int64 array, shape (n_arcs,)
        supplies : int64 array, shape (n_supplies,), optional
            Units of each supply; none by default.
        """
        used = [0] * self.n_rows
        fixed = [0] * len(self.entry_row) if self.rules is None else self.rules.entry_fixed.tolist()
        columns = (self.entry_arc.tolist(), self.entry_row.tolist(), self.entry_need.tolist(), fixed)
        carried = lots.tolist()
        for arc, row, need, once in zip(*columns, strict=True):
            if carried[arc]:
                used[row] += need * carried[arc] + once
        for supply, units in enumerate(() if supplies is None else supplies.tolist()):
            for row, need in self.written_rules.supply_draws(supply, units):
                used[row] += need
        return used

    def subset(self, arcs: npt.NDArray[Any]) -> Network:
        """Return the network of some arcs, in the order given; rows and orders keep their indices.

        `position` goes on pointing at the columns that were given first.
        """
        counts = np.diff(self.entry_start)[arcs]
        start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        entries = np.repeat(self.entry_start[arcs] - start[:-1], counts) + np.arange(int(start[-1]))
        return Network(
            n_orders=self.n_orders,
            order=self.order[arcs],
            score=self.score[arcs],
            entry_start=start,
            entry_row=self.entry_row[entries],
            entry_need=self.entry_need[entries],
            capacity=self.capacity,
            row_kind=self.row_kind,
            broker=self.broker[arcs],
            preference=self.preference[arcs],
            tier=self.tier,
            tie_rank=self.tie_rank,
            position=self.position[arcs],
            rules=None if self.rules is None else self.rules.subset(arcs, entries),
        )

    def __repr__(self) -> str:
        return f"Network({self.n_orders} orders, {self.n_arcs} arcs, {self.n_rows} rows)"


def _falling_score(order: Column, score: Column) -> Column:
    """Return each arc's rank within its order by falling score, ties as given."""
    ranked = np.lexsort((-score, order))
    sorted_order = order[ranked]
    first = np.searchsorted(sorted_order, sorted_order)
    rank = np.empty(len(order), np.int64)
    rank[ranked] = np.arange(len(order)) - first
    return rank


def _check_count(n_orders: object) -> None:
    if not isinstance(n_orders, (int, np.integer)) or isinstance(n_orders, bool) or n_orders < 0:
        raise ProblemError(f"n_orders: must be an integer >= 0, is {n_orders!r}")


def _check_shapes(
    n_orders: int, n_rows: int, columns: dict[str, Column], kinds: Column, tiers: Column, ties: Column
) -> None:
    n_arcs, n_entries = len(columns["order"]), len(columns["entry_row"])
    expected = {
        "score": (len(columns["score"]), n_arcs),
        "broker": (len(columns["broker"]), n_arcs),
        "entry_start": (len(columns["entry_start"]), n_arcs + 1),
        "need": (len(columns["entry_need"]), n_entries),
        "row_kind": (len(kinds), n_rows),
        "tier": (len(tiers), n_orders),
        "tie_rank": (len(ties), n_orders),
    }
    for name, (actual, wanted) in expected.items():
        if actual != wanted:
            raise ProblemError(f"{name}: has {actual} values, expected {wanted}")
    start = columns["entry_start"]
    if start[0] != 0 or start[-1] != n_entries or (np.diff(start) < 0).any():
        raise ProblemError("entry_start: must rise from 0 to the number of entries")


def _check_values(n_orders: int, n_rows: int, columns: dict[str, Column], *, may_bring: bool) -> None:
    for name in ("score", *(() if may_bring else ("entry_need",)), "capacity", "broker"):
        column = columns[name]
        if len(column) and column.min() < 0:
            at = int(column.argmin())
            raise ProblemError(f"{name.removeprefix('entry_')}[{at}]: must be >= 0, is {column[at]}")
    for name, label, limit in (("order", "order", n_orders), ("entry_row", "pool", n_rows)):
        column = columns[name]
        if len(column) and (column.min() < 0 or column.max() >= limit):
            at = int(np.flatnonzero((column < 0) | (column >= limit))[0])
            raise ProblemError(f"{label}[{at}]: must lie in 0..{limit - 1}, is {column[at]}")


def _check_marks(columns: dict[str, Column], kinds: Column, ties: Column) -> None:
    if not np.isin(kinds, [int(kind) for kind in RowKind]).all():
        raise ProblemError(f"row_kind: must be one of {', '.join(str(int(kind)) for kind in RowKind)}")
    if (ties < 0).any() or (np.bincount(ties, minlength=len(ties)) != 1).any():
        raise ProblemError("tie_rank: must be a permutation of 0..n_orders - 1")
    start, rows = columns["entry_start"], columns["entry_row"]
    if len(rows) and np.diff(start).max() > 1:
        arcs = np.repeat(np.arange(len(start) - 1), np.diff(start))
        ranked = np.lexsort((rows, arcs))
        twice = (np.diff(arcs[ranked]) == 0) & (np.diff(rows[ranked]) == 0)
        if twice.any():
            at = ranked[int(twice.argmax()) + 1]
            raise ProblemError(f"row[{at}]: arc {arcs[at]} draws on row {rows[at]} twice; add the needs up")


def _check_sums(network: Network) -> None:
    """Refuse a network whose sums could pass int64; floats only decide whether to count exactly."""
    rules = network.rules
    counted = [("score", network.score, None if rules is None else rules.max_lots)]
    counted.append(("need", np.abs(network.entry_need), None if rules is None else rules.max_lots[network.entry_arc]))
    if rules is not None:
        counted.append(("rules.entry_fixed", np.abs(rules.entry_fixed), None))
        units = np.repeat(rules.supply_limit, np.diff(rules.supply_start))
        counted.append(("rules.score_fixed", np.abs(rules.score_fixed), None))
        counted.append(("rules.supply_need", np.abs(rules.supply_need), units))
        counted.append(("rules.supply_once", np.abs(rules.supply_once), None))
        counted.append(("rules.supply_cost", rules.supply_cost, rules.supply_limit))
        counted.append(("rules.supply_once_cost", rules.supply_once_cost, None))
    for name, column, times in counted:
        factor = np.ones(len(column), np.int64) if times is None else times
        if float(column.astype(np.float64) @ factor) > 2.0**62 and _exact_product(column, factor) > INT64_MAX:
            raise ProblemError(f"{name}: the sum over all arcs passes 64 bits; use a coarser unit")


def _exact_product(column: Column, factor: Column) -> int:
    return sum(value * count for value, count in zip(column.tolist(), factor.tolist(), strict=True))
