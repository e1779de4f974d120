"""Making a network smaller and its numbers coarser without changing any choice that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver.columns import FLOAT_EXACT, Column
from solver.network import Network


@dataclass(frozen=True, eq=False)
class Presolved:
    """A network with the same choices in smaller numbers.

    Attributes
    ----------
    network : Network
        Without the arcs that do not fit even alone or score nothing; the needs of each row divided by their
        greatest common divisor, capacities rounded down accordingly and cut to what could be drawn at most.
    kept : int64 array, shape (network.n_arcs,)
        Index of each arc in the network that came in.
    divisor : int64 array, shape (n_rows,)
        What the needs of each row were divided by.
    step : int
        Greatest common divisor of the scores: two different objectives differ by at least this much.
    """

    network: Network
    kept: Column
    divisor: Column
    step: int

    def prices_of_original(self, prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return prices per original unit from prices per unit of the smaller network."""
        return prices / self.divisor

    def choice_of_original(self, choice: Column) -> Column:
        """Return `choice` with arcs as indices into the network that came in."""
        if not len(self.kept):
            return choice.copy()
        return np.where(choice >= 0, self.kept[choice], -1).astype(np.int64)


def presolve(network: Network) -> Presolved:
    """Return the smaller network; no choice within the capacities is lost, save arcs that score nothing."""
    fits_alone = np.ones(network.n_arcs, bool)
    too_much = network.entry_need > network.capacity[network.entry_row]
    fits_alone[network.entry_arc[too_much]] = False
    kept = np.flatnonzero(fits_alone & (network.score > 0))
    small = network.subset(kept)
    divisor = np.zeros(network.n_rows, np.int64)
    np.gcd.at(divisor, small.entry_row, small.entry_need)
    divisor = np.maximum(divisor, 1)
    need = small.entry_need // divisor[small.entry_row]
    drawn = np.zeros(network.n_rows, np.int64)
    np.add.at(drawn, small.entry_row, need)
    capacity = np.minimum(network.capacity // divisor, drawn)
    small = replace(small, entry_need=need, capacity=capacity)
    step = int(np.gcd.reduce(small.score)) if len(kept) else 1
    return Presolved(small, kept, divisor, max(step, 1))


def by_inspection(network: Network) -> Column | None:
    """Return every order's best arc if they all fit together, which is then optimal; None otherwise.

    Returns
    -------
    int64 array, shape (n_orders,), or None
    """
    ranked = np.lexsort((network.position, -network.score, network.order))
    orders, first = np.unique(network.order[ranked], return_index=True)
    choice = np.full(network.n_orders, -1, np.int64)
    choice[orders] = ranked[first]
    taken = np.zeros(network.n_arcs, bool)
    taken[choice[orders]] = True
    drawn = np.zeros(network.n_rows, np.int64)
    entries = taken[network.entry_arc]
    np.add.at(drawn, network.entry_row[entries], network.entry_need[entries])
    return choice if (drawn <= network.capacity).all() else None


def fits_back_ends(network: Network) -> bool:
    """Return whether every sum a back-end forms is small enough to be exact."""
    rules = network.rules
    most = np.ones(network.n_arcs) if rules is None else rules.max_lots.astype(float)
    drawn = np.abs(network.entry_need) * most[network.entry_arc]
    if rules is not None:
        drawn = drawn + np.abs(rules.entry_fixed)
    weights = np.bincount(network.entry_row, drawn, network.n_rows)
    return max(float(network.score @ most), float(weights.max(initial=0.0))) < FLOAT_EXACT
