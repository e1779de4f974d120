"""What a desk asks beyond one child an order: lots, splits, partial service, baskets, and capital that can be brought.

A `Network` without rules is the plain assignment model; `Rules.read` of nothing writes that model out in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.columns import Column, integers
from solver.errors import ProblemError

NONE = -1
"""No basket, no group."""

_PER_ORDER = ("lots", "least_lots", "max_children", "split_cost", "basket", "same_broker", "must_serve")
_PER_ARC = ("min_lots", "max_lots", "score_fixed")


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of a network, as columns.

    Attributes
    ----------
    lots : int64 array, shape (n_orders,)
        Size of each order in planning lots, >= 1.
    least_lots : int64 array, shape (n_orders,)
        Fewest lots that are worth serving; equal to `lots` for an order that is served whole or not at all.
    max_children : int64 array, shape (n_orders,)
        Most arcs an order may use at once, >= 1.
    split_cost : int64 array, shape (n_orders,)
        Points that each child after the first costs, >= 0.
    basket : int64 array, shape (n_orders,)
        Basket of each order, `NONE` for none: the orders of a basket are all served or none of them.
    same_broker : int64 array, shape (n_orders,)
        Group of each order, `NONE` for none: the orders of a group that are served are served at one broker.
    must_serve : int64 array, shape (n_orders,)
        1 for an order that has to be served, 0 elsewhere; only this can make a network infeasible.
    min_lots, max_lots : int64 array, shape (n_arcs,)
        Fewest and most lots that an arc carries if it is used, ``1 <= min_lots <= max_lots``.
    score_fixed : int64 array, shape (n_arcs,)
        Points that an arc is worth once if it is used, besides its score for every lot; negative where a child costs.
    entry_fixed : int64 array, shape (n_entries,)
        What an entry draws once if its arc is used, besides what it draws for every lot.
    supply_limit : int64 array, shape (n_supplies,)
        Most units of each supply. A supply brings capacity to rows at a cost: a block of converted currency, a unit
        of the cash that tomorrow would need.
    supply_cost, supply_once_cost : int64 array, shape (n_supplies,)
        Points that a unit costs, and that a supply costs once if any of it is used, >= 0.
    supply_start : int64 array, shape (n_supplies + 1,)
        Entries of supply ``s`` are ``supply_start[s]:supply_start[s + 1]``.
    supply_row, supply_need, supply_once : int64 array, shape (n_supply_entries,)
        What a unit draws from a row, negative where it brings, and what is drawn once if the supply is used.
    """

    lots: Column
    least_lots: Column
    max_children: Column
    split_cost: Column
    basket: Column
    same_broker: Column
    must_serve: Column
    min_lots: Column
    max_lots: Column
    score_fixed: Column
    entry_fixed: Column
    supply_limit: Column
    supply_cost: Column
    supply_once_cost: Column
    supply_start: Column
    supply_row: Column
    supply_need: Column
    supply_once: Column

    @classmethod
    def read(cls, n_orders: int, n_arcs: int, n_entries: int, n_rows: int, given: Mapping[str, npt.ArrayLike]) -> Rules:
        """Return the rules of the plain model, one child of one lot an order, with the columns that are `given`.

        Raises
        ------
        ProblemError
            If a column is unknown, no integers, of the wrong length, or out of range.
        """
        nothing = np.zeros(0, np.int64)
        columns: dict[str, npt.ArrayLike] = {
            "lots": np.ones(n_orders, np.int64),
            "max_children": np.ones(n_orders, np.int64),
            "split_cost": np.zeros(n_orders, np.int64),
            "basket": np.full(n_orders, NONE),
            "same_broker": np.full(n_orders, NONE),
            "must_serve": np.zeros(n_orders, np.int64),
            "min_lots": np.ones(n_arcs, np.int64),
            "max_lots": np.ones(n_arcs, np.int64),
            "score_fixed": np.zeros(n_arcs, np.int64),
            "entry_fixed": np.zeros(n_entries, np.int64),
            "supply_limit": nothing,
            "supply_cost": nothing,
            "supply_start": np.zeros(1, np.int64),
            "supply_row": nothing,
            "supply_need": nothing,
        }
        unknown = set(given) - {field.name for field in fields(cls)}
        if unknown:
            raise ProblemError(f"rules: unknown column {', '.join(sorted(unknown))}")
        columns.update(given)
        columns.setdefault("least_lots", columns["lots"])
        columns.setdefault("supply_once_cost", np.zeros(np.shape(columns["supply_limit"]), np.int64))
        columns.setdefault("supply_once", np.zeros(np.shape(columns["supply_row"]), np.int64))
        rules = cls(**{name: integers(f"rules.{name}", column) for name, column in columns.items()})
        rules._check_lengths(n_orders, n_arcs, n_entries)
        rules._check_ranges(n_rows)
        return rules

    def _check_lengths(self, n_orders: int, n_arcs: int, n_entries: int) -> None:
        lengths = dict.fromkeys(_PER_ORDER, n_orders) | dict.fromkeys(_PER_ARC, n_arcs)
        lengths |= {"entry_fixed": n_entries, "supply_cost": self.n_supplies, "supply_start": self.n_supplies + 1}
        lengths |= {"supply_once_cost": self.n_supplies}
        lengths |= dict.fromkeys(("supply_need", "supply_once"), len(self.supply_row))
        for name, length in lengths.items():
            if len(getattr(self, name)) != length:
                raise ProblemError(f"rules.{name}: has {len(getattr(self, name))} values, expected {length}")

    def _check_ranges(self, n_rows: int) -> None:
        start = self.supply_start
        if start[0] != 0 or start[-1] != len(self.supply_row) or (np.diff(start) < 0).any():
            raise ProblemError("rules.supply_start: must rise from 0 to the number of supply entries")
        wrong = {
            "lots": self.lots < 1,
            "least_lots": (self.least_lots < 1) | (self.least_lots > self.lots),
            "max_children": self.max_children < 1,
            "split_cost": self.split_cost < 0,
            "must_serve": (self.must_serve < 0) | (self.must_serve > 1),
            "min_lots": self.min_lots < 1,
            "max_lots": self.max_lots < self.min_lots,
            "supply_limit": self.supply_limit < 0,
            "supply_cost": self.supply_cost < 0,
            "supply_once_cost": self.supply_once_cost < 0,
            "supply_row": (self.supply_row < 0) | (self.supply_row >= n_rows),
        }
        for name, mask in wrong.items():
            if mask.any():
                at = int(np.flatnonzero(mask)[0])
                raise ProblemError(f"rules.{name}[{at}]: {getattr(self, name)[at]} is out of range")

    @property
    def n_supplies(self) -> int:
        """Return the number of supplies."""
        return len(self.supply_limit)

    def is_whole(self, order: int) -> bool:
        """Return whether an order takes one arc with all its lots or nothing."""
        return int(self.max_children[order]) == 1 and self.least_lots[order] == self.lots[order]

    def supply_entries(self, supply: int) -> Iterator[tuple[int, int, int]]:
        """Yield (row, need of a unit, need once) of one supply as Python integers."""
        for entry in range(int(self.supply_start[supply]), int(self.supply_start[supply + 1])):
            yield int(self.supply_row[entry]), int(self.supply_need[entry]), int(self.supply_once[entry])

    def supply_draws(self, supply: int, units: int) -> Iterator[tuple[int, int]]:
        """Yield (row, what some units of a supply draw from it)."""
        for row, need, once in self.supply_entries(supply):
            yield row, need * units + (once if units else 0)

    def subset(self, arcs: npt.NDArray[Any], entries: npt.NDArray[Any]) -> Rules:
        """Return the rules of some arcs and their entries; see `Network.subset`."""
        per_arc = {name: getattr(self, name)[arcs] for name in _PER_ARC}
        return replace(self, **per_arc, entry_fixed=self.entry_fixed[entries])
