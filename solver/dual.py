"""Prices on rows, the bound they prove, and what they rule out.

Give every row a price u >= 0 for each unit drawn. Then no choice can score more than

    L(u) = sum_rows u C  +  sum_orders max(0, max_arcs (s - u a)),

and for every choice x within the capacities, the null option included,

    L(u) - score(x) = sum of the regrets of what x takes  +  u . slack,

exactly: the regret of an option is what its order could have got at these prices less what it gets. Both terms on
the right are >= 0, so an arc whose regret exceeds L(u) less a known score cannot be part of a better choice. The
minimum of L is the value of the linear relaxation, but every u gives a valid bound.

The prices are the binary floats that they are, and L(u) is evaluated in floating point with a rigorous bound on its
error. Let e = 2**-53 and let no arc draw on more than P rows. A reduced score s - u a is off by at most (P + 4) e
(s + u a) from its conversions, products and differences. Where it can raise L above its true value it is not far
below zero, so u a is at most a little more than s; the maximum over the arcs of an order is then off by at most
2 (P + 5) e times its best score. numpy adds n terms >= 0 in pairs, by which no sum is off by more than (log2 n + 32) e
times itself. So the true L(u) lies within

    (2 P + log2 n + 64) e (u . C + sum of best scores)

of the computed one, and the computed regrets of any set of options add up to their true sum within the same. `bound`
adds that error before it rounds down, and whatever is ruled out is ruled out by more than it. Scores are compared in
integers, never through the prices.

References
----------
Fisher, Jaikumar, Van Wassenhove (1986), "A multiplier adjustment method for the generalized assignment problem".
Posta, Ferland, Michelon (2012), "An exact method with variable fixing for solving the generalized assignment problem".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from solver.columns import Column
from solver.network import Network

Floats = npt.NDArray[np.float64]

MOVABLE = 20_000
"""Most orders that are ever moved one by one, or a few of them together."""


@dataclass(frozen=True, eq=False)
class Dual:
    """The relaxation of a network at given prices.

    Attributes
    ----------
    network : Network
    prices : float array, shape (n_rows,)
        Points per unit, >= 0.
    value : float
        L(u), as computed.
    error : float
        The true L(u) lies no further than this from `value`; so do sums of regrets from theirs.
    reduced : float array, shape (n_arcs,)
        Score less the price of what the arc draws.
    null_regret : float array, shape (n_orders,)
        Regret of leaving the order in the backlog: its best reduced score, or 0.
    """

    network: Network
    prices: Floats
    value: float
    error: float
    reduced: Floats
    null_regret: Floats

    @property
    def bound(self) -> int:
        """Return the largest score, in whole points, that the prices allow."""
        return math.floor(self.value + self.error)

    @cached_property
    def arc_regret(self) -> Floats:
        """Return the regret of each arc, shape (n_arcs,)."""
        return self.null_regret[self.network.order] - self.reduced

    def room(self, score: int) -> float:
        """Return what regrets and priced slack of a choice of at least `score` can add up to at most."""
        return self.value - score + 2 * self.error

    def can_be_in(self, score: int) -> npt.NDArray[np.bool_]:
        """Return which arcs can be part of a choice of at least `score`, shape (n_arcs,)."""
        return self.arc_regret <= self.room(score)

    def can_be_out(self, score: int) -> npt.NDArray[np.bool_]:
        """Return which orders can be backlog in a choice of at least `score`, shape (n_orders,)."""
        return self.null_regret <= self.room(score)

    @cached_property
    def second_regret(self) -> Floats:
        """Return the regret of each order's second-best option, the backlog included, shape (n_orders,)."""
        first = self._first_arc
        others = self.reduced.copy()
        others[first[first >= 0]] = -np.inf
        second = best_of(self.network, others, np.where(first >= 0, 0.0, -np.inf))
        return self.null_regret - second

    @cached_property
    def movable(self) -> Column:
        """Return the orders of least second regret, ascending in it, at most `MOVABLE` of them."""
        second = self.second_regret
        few = np.flatnonzero(np.isfinite(second))
        if len(few) > MOVABLE:
            few = few[np.argpartition(second[few], MOVABLE)[:MOVABLE]]
        return few[np.argsort(second[few], kind="stable")]

    @cached_property
    def best_arc(self) -> Column:
        """Return each order's best arc at the prices, -1 where it is the backlog, shape (n_orders,)."""
        return np.where(self.null_regret > 0, self._first_arc, -1)

    @cached_property
    def _first_arc(self) -> Column:
        """Return each order's first arc of regret 0 if its reduced score is positive, else -1."""
        return first_of(self.network, (self.reduced == self.null_regret[self.network.order]) & (self.reduced > 0))


def evaluate(network: Network, prices: Floats) -> Dual:
    """Return the relaxation of `network` at `prices`.

    Parameters
    ----------
    network : Network
    prices : float array, shape (n_rows,)
        Points per unit of each row; negative and non-finite ones count as zero.
    """
    usable = np.where(np.isfinite(prices) & (prices > 0), prices, 0.0)
    reduced = network.score - priced(network, usable)
    null_regret = best_of(network, reduced, 0.0)
    capital = math.fsum((usable * network.capacity).tolist())
    value = capital + float(null_regret.sum())
    magnitude = capital + float(best_of(network, network.score.astype(np.float64), 0.0).sum())
    n_terms = 2 * int(np.diff(network.entry_start).max(initial=0)) + math.log2(network.n_orders + 2) + 64
    return Dual(network, usable, value, n_terms * 2.0**-53 * magnitude, reduced, null_regret)


def priced(network: Network, prices: Floats) -> Floats:
    """Return what each arc's needs cost at the prices, shape (n_arcs,)."""
    cost = prices[network.entry_row] * network.entry_need
    if network.one_entry_each:
        return cost
    return np.asarray(np.bincount(network.entry_arc, cost, network.n_arcs), np.float64)


def best_of(network: Network, worth: Floats, least: Floats | float) -> Floats:
    """Return the largest `worth` of each order's arcs, at least `least`, shape (n_orders,)."""
    best = np.full(network.n_orders, -np.inf)
    orders, first = network.served_orders
    if len(first):
        best[orders] = np.maximum.reduceat(worth, first)
    return np.asarray(np.maximum(best, least), np.float64)


def first_of(network: Network, marked: npt.NDArray[np.bool_]) -> Column:
    """Return the first marked arc of each order, -1 where there is none, shape (n_orders,)."""
    arcs = np.flatnonzero(marked)[::-1]
    first = np.full(network.n_orders, -1, np.int64)
    first[network.order[arcs]] = arcs
    return first


def best_scores(network: Network) -> Column:
    """Return each order's largest score, 0 without arcs, shape (n_orders,): its value at prices of zero."""
    best = np.zeros(network.n_orders, np.int64)
    orders, first = network.served_orders
    if len(first):
        best[orders] = np.maximum.reduceat(network.score, first)
    return best
