"""Prices on rows, the bound they prove, and what they rule out.

Give every row a price u >= 0 for each unit drawn. Then no choice can score more than

    L(u) = sum_rows u C  +  sum_orders max(0, max_arcs (s - u a)),

and for every choice x within the capacities, the null option included,

    L(u) - score(x) = sum of the regrets of what x takes  +  u . slack,

exactly: the regret of an option is what its order could have got at these prices less what it gets. Both terms on
the right are >= 0, so an arc whose regret exceeds L(u) less a known score cannot be part of a better choice. The
minimum of L is the value of the linear relaxation, but every u gives a valid bound: prices may come from floating
point, the bound does not. Here they are rounded to ``k / 2**SHIFT`` and everything after that is integer.

References
----------
Fisher, Jaikumar, Van Wassenhove (1986), "A multiplier adjustment method for the generalized assignment problem".
Posta, Ferland, Michelon (2012), "An exact method with variable fixing for solving the generalized assignment problem".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.network import Network

SHIFT = 60
"""Prices are multiples of ``2**-SHIFT`` points per unit."""


@dataclass(frozen=True, eq=False)
class Dual:
    """The relaxation at given prices, in exact integers of ``2**-SHIFT`` points.

    Attributes
    ----------
    prices : float array, shape (n_rows,)
    value : int
        L(u).
    arc_regret : object array of int, shape (n_arcs,)
    null_regret : object array of int, shape (n_orders,)
        Regret of leaving the order in the backlog.
    """

    prices: npt.NDArray[np.float64]
    value: int
    arc_regret: npt.NDArray[Any]
    null_regret: npt.NDArray[Any]

    @property
    def bound(self) -> int:
        """Return the largest score, in whole points, that the prices allow."""
        return self.value >> SHIFT

    def can_be_in(self, score: int) -> npt.NDArray[np.bool_]:
        """Return which arcs can be part of a choice of at least `score`, shape (n_arcs,)."""
        return np.asarray(self.arc_regret <= self._room(score), dtype=bool)

    def can_be_out(self, score: int) -> npt.NDArray[np.bool_]:
        """Return which orders can be backlog in a choice of at least `score`, shape (n_orders,)."""
        return np.asarray(self.null_regret <= self._room(score), dtype=bool)

    def _room(self, score: int) -> int:
        return self.value - (score << SHIFT)


def evaluate(network: Network, prices: npt.NDArray[np.float64]) -> Dual:
    """Return the relaxation of `network` at `prices`.

    Parameters
    ----------
    network : Network
    prices : float array, shape (n_rows,)
        Points per unit of each row; negative and non-finite ones count as zero.
    """
    usable = np.where(np.isfinite(prices) & (prices > 0), prices, 0.0)
    price = np.array([_scaled(value) for value in usable.tolist()], dtype=object)
    reduced = network.score.astype(object) * (1 << SHIFT)
    if len(network.entry_row):
        drawn = price[network.entry_row] * network.entry_need.astype(object)
        np.subtract.at(reduced, network.entry_arc, drawn)
    best = np.zeros(network.n_orders, dtype=object)
    np.maximum.at(best, network.order, reduced)
    value = sum((price * network.capacity.astype(object)).tolist()) + sum(best.tolist())
    return Dual(usable, int(value), best[network.order] - reduced, best)


def best_scores(network: Network) -> npt.NDArray[np.int64]:
    """Return each order's largest score, 0 without arcs, shape (n_orders,): its value at prices of zero."""
    best = np.zeros(network.n_orders, np.int64)
    np.maximum.at(best, network.order, network.score)
    return best


def _scaled(price: float) -> int:
    numerator, denominator = price.as_integer_ratio()
    return (numerator << SHIFT) // denominator
