"""What a method answers: the choice, its value, a bound on every other choice, and how it was proven."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver.columns import Column
from solver.domain.allocation import Allocation
from solver.errors import RoutingError


class Status(StrEnum):
    """How far the answer is proven."""

    OPTIMAL = "optimal"
    """No better choice exists: bound and objective agree."""
    WITHIN_GAP = "within_gap"
    """Proven to lie within the gap or surplus that was asked for."""
    FEASIBLE = "feasible"
    """A limit cut the search short; the bound says how much may be missing."""
    HEURISTIC = "heuristic"
    """A greedy's answer; the bound is that of the relaxation."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Answer of `solver.solve_network` and `solver.solve`.

    Attributes
    ----------
    choice : int64 array, shape (n_orders,)
        Arc of each order, as an index into the arcs as they were given; -1: backlog. Where an order is split, the
        arc with the most lots.
    objective : int
        Score of the choice, exact.
    bound : int
        No choice scores more.
    status : Status
    proof : str
        What the bound rests on: ``exact`` integers, ``floating`` point of a back-end, or ``none``.
    prices : float array, shape (n_rows,)
        Score per unit of requirement that a row is worth at the margin of the relaxation.
    method : str
    seconds : float
        Wall time of the call.
    lots : int64 array, shape (n_arcs,), or None
        Lots of each arc as given, where the network has rules; None where `choice` says it all.
    supplies : int64 array, shape (n_supplies,), or None
        Units of each supply, where the network has rules.
    allocation : Allocation or None
        The decision as tables; None for a bare network.
    """

    choice: Column
    objective: int
    bound: int
    status: Status
    proof: str
    prices: npt.NDArray[np.float64]
    method: str
    seconds: float
    lots: Column | None = None
    supplies: Column | None = None
    allocation: Allocation | None = None

    @property
    def surplus(self) -> int:
        """Return how much more than `objective` any choice could score at most."""
        return self.bound - self.objective

    @property
    def gap(self) -> float:
        """Return the surplus relative to the bound."""
        return self.surplus / max(1, abs(self.bound))

    @property
    def routes(self) -> pd.DataFrame:
        """Return the routed orders, one row a child order; see `Allocation.routes`."""
        return self._allocation.routes

    @property
    def backlog(self) -> pd.DataFrame:
        """Return the orders that are not routed, with their reason; see `Allocation.backlog`."""
        return self._allocation.backlog

    @property
    def capital(self) -> pd.DataFrame:
        """Return what each pool holds, spends and keeps; see `Allocation.capital`."""
        return self._allocation.capital

    @property
    def conversions(self) -> pd.DataFrame:
        """Return the currency to be changed first; see `Allocation.conversions`."""
        return self._allocation.conversions

    @property
    def reasons(self) -> pd.DataFrame:
        """Return the why-not matrix, one row an order and broker; see `Allocation.reasons`."""
        return self._allocation.reasons

    @property
    def _allocation(self) -> Allocation:
        if self.allocation is None:
            raise RoutingError("a bare network has no tables: use solve(problem) instead of solve_network(network)")
        return self.allocation

    def summary(self) -> dict[str, Any]:
        """Return the figures of the proof as plain values."""
        return {
            "method": self.method,
            "status": str(self.status),
            "proof": self.proof,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        served = int((self.choice >= 0).sum())
        return (
            f"Solution({self.method}: {served} of {len(self.choice)} orders served, objective {self.objective:,}, "
            f"bound {self.bound:,}, gap {self.gap:.2e}, {self.status}, proof {self.proof}, {self.seconds:.3f} s)"
        )

    def _repr_html_(self) -> str:
        rows = str(pd.Series(self.summary(), name="solution").to_frame().to_html())
        if self.allocation is None:
            return rows
        tables = (("Routes", self.routes), ("Backlog", self.backlog), ("Capital", self.capital))
        return rows + "".join(f"<h4>{title}</h4>{table.to_html(index=False)}" for title, table in tables)
