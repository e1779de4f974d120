"""The prices of the relaxation by a primal-dual interior point method, on whole columns.

The relaxation of a network, its orders weighted by W (an order of a sample stands for W orders like it), and its dual:

    max  s.x                                        min  u.C + W.v
    sum of an order's x + t = W,   A x + w = C      v + A'u - s = z,   u, v, x, t, w, z >= 0.

Its Newton systems reduce to one of the size of the rows: each order's own equation is eliminated by hand, so an
iteration is a handful of passes over the columns and one small dense system, and ten to twenty iterations solve it,
however many rows there are. Both sides are feasible from the first iterate on: whatever the limits cut short, the
prices are valid.

References
----------
Mehrotra (1992), "On the implementation of a primal-dual interior point method".
Dantzig and Van Slyke (1967), "Generalized upper bounding techniques".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.dual import priced
from solver.limits import Stopwatch
from solver.network import Network

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-12
"""Gap between the two sides, relative to the value, at which the prices are as good as floating point makes them."""

ITERATIONS = 60
"""Iterations after which they are taken as they are."""

ROUGH, PATIENCE = 1e-6, 4
"""Below this gap, that many iterations have to halve it; otherwise floating point has done what it can."""

TO_THE_BOUNDARY = 0.995
"""Share of the way to the nearest bound that a step may go."""


_BLOCK = 200_000
"""Multiplications of one block of a matrix product."""


class Point(NamedTuple):
    """An iterate, or a direction: arcs and their reduced costs, backlog and orders, slack and prices."""

    x: Floats
    z: Floats
    t: Floats
    v: Floats
    w: Floats
    u: Floats

    @property
    def gap(self) -> float:
        """Return the difference between the two sides."""
        return _dot(self.x, self.z) + _dot(self.t, self.v) + _dot(self.w, self.u)

    def moved(self, by: Point, primal: float, dual: float) -> Point:
        """Return the point a step further."""
        steps = (primal, dual, primal, dual, primal, dual)
        return Point(*(value + step * change for value, step, change in zip(self, steps, by, strict=True)))


@dataclass(frozen=True, eq=False)
class Programme:
    """The relaxation in floating point, capacities and scores scaled to about one.

    Attributes
    ----------
    network : Network
        Arcs whose scores are above 0 and which fit alone.
    scale : float array, shape (n_rows,)
        What needs are divided by: the capacities.
    weight : float array, shape (orders with arcs,)
    """

    network: Network
    scale: Floats
    weight: Floats

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """Return where the arcs of each order begin."""
        return self.network.served_orders[1]

    @cached_property
    def group(self) -> npt.NDArray[np.int64]:
        """Return the order of each arc, counted among those that have arcs."""
        return np.repeat(np.arange(len(self.first)), np.diff(self.first, append=self.network.n_arcs))

    @cached_property
    def need(self) -> Floats:
        """Return the share of its row that each entry draws."""
        return self.network.entry_need / self.scale[self.network.entry_row]

    @cached_property
    def score(self) -> Floats:
        """Return the scores, the best ones of an order being about 1."""
        score = self.network.score.astype(np.float64)
        return score / float(np.maximum.reduceat(score, self.first).mean())

    def sums(self, values: Floats) -> Floats:
        """Return the sum over the arcs of each order."""
        return np.add.reduceat(values, self.first)

    def cost(self, prices: Floats) -> Floats:
        """Return A'u: what each arc's needs cost."""
        return priced(self.network, prices / self.scale)

    def _at_entries(self, values: Floats) -> Floats:
        return values if self.network.one_entry_each else values[self.network.entry_arc]

    def drawn(self, values: Floats) -> Floats:
        """Return A x: what is drawn from each row."""
        draws = np.bincount(self.network.entry_row, self.need * self._at_entries(values), self.network.n_rows)
        return np.asarray(draws, np.float64)

    def drawn_by_order(self, values: Floats) -> Floats:
        """Return what each order draws from each row, shape (orders with arcs, n_rows)."""
        shape = (len(self.first), self.network.n_rows)
        draws = np.bincount(self._cell, self.need * self._at_entries(values), shape[0] * shape[1])
        return np.asarray(draws, np.float64).reshape(shape)

    @cached_property
    def _cell(self) -> npt.NDArray[np.int64]:
        group = self.group if self.network.one_entry_each else self.group[self.network.entry_arc]
        return group * self.network.n_rows + self.network.entry_row

    def gram(self, values: Floats) -> Floats:
        """Return A diag(values) A'."""
        n_rows = self.network.n_rows
        if self.network.one_entry_each:
            return np.diag(np.bincount(self.network.entry_row, self.need * self.need * values, n_rows))
        matrix = self._dense
        return _product(matrix, values[:, None] * matrix)

    @cached_property
    def _dense(self) -> Floats:
        matrix = np.zeros((self.network.n_arcs, self.network.n_rows))
        matrix[self.network.entry_arc, self.network.entry_row] = self.need
        return matrix


def interior_prices(
    network: Network, capacity: Floats, weight: Floats, watch: Stopwatch, tolerance: float = TOLERANCE
) -> Floats:
    """Return prices at which the relaxation is solved, or nearly so where time ran out.

    Parameters
    ----------
    network : Network
        Every arc scores above 0 and fits alone.
    capacity : float array, shape (n_rows,)
        What the rows hold, > 0 where an arc needs anything of them.
    weight : float array, shape (orders with arcs,)
        How many orders each stands for, > 0.
    watch : Stopwatch
    tolerance : float
        Relative gap at which to stop.

    Returns
    -------
    float array, shape (n_rows,)
        Points per unit.
    """
    if not network.n_arcs or not network.n_rows:
        return np.zeros(network.n_rows)
    programme = Programme(network, np.where(capacity > 0, capacity, 1.0), weight)
    point, least = _beginning(programme), np.inf
    for iteration in range(ITERATIONS):
        value = float(point.u.sum()) + _dot(programme.weight, point.v)
        if point.gap <= tolerance * value or watch.left <= 0:
            break
        if iteration % PATIENCE == 0:
            if point.gap < ROUGH * value and point.gap > 0.5 * least:
                break
            least = point.gap
        with np.errstate(all="ignore"):  # at the end of its means floating point overflows; such a step is not taken
            further = _iterate(programme, point)
        if further is None:
            break
        point = further
    points = float(network.score.max()) / float(programme.score.max())
    return point.u * points / programme.scale


def _beginning(programme: Programme) -> Point:
    """Return a point inside both sides."""
    weight, first = programme.weight, programme.first
    options = np.diff(first, append=programme.network.n_arcs) + 1
    x = (weight / options)[programme.group]
    x *= min(1.0, 0.5 / max(float(programme.drawn(x).max()), 1e-300))
    best = np.maximum.reduceat(programme.score, first)
    total = _dot(best, weight)
    u = np.full(programme.network.n_rows, 0.5 * total / programme.network.n_rows)
    reduced = programme.cost(u) - programme.score
    v = np.maximum(0.0, -np.minimum.reduceat(reduced, first)) + 0.1 * best + 0.1 * total / float(weight.sum())
    return Point(x, v[programme.group] + reduced, weight - programme.sums(x), v, 1.0 - programme.drawn(x), u)


def _iterate(programme: Programme, at: Point) -> Point | None:
    """Return the next iterate: a predictor, then a corrector; None where floating point can go no further."""
    d, gap = at.x / at.z, at.gap
    pivot = programme.sums(d) + at.t / at.v
    coupling = programme.drawn_by_order(d)
    shared = coupling / pivot[:, None]
    matrix = programme.gram(d) - _product(coupling, shared) + np.diag(at.w / at.u)

    def direction(rx: Floats, rt: Floats, rw: Floats) -> Point:
        rz = rx / at.z
        q = programme.sums(rz) + rt / at.v
        right = programme.drawn(rz - d * (q / pivot)[programme.group]) + rw / at.u
        du: Floats = np.linalg.solve(matrix, right).astype(np.float64)
        cost = programme.cost(du)
        dv = (q - programme.sums(d * cost)) / pivot
        dz = dv[programme.group] + cost
        dx = rz - d * dz
        return Point(dx, dz, -programme.sums(dx), dv, -programme.drawn(dx), du)

    products = (at.x * at.z, at.t * at.v, at.w * at.u)
    try:
        guess = direction(*(-product for product in products))
        reached = at.moved(guess, *_steps(at, guess)).gap
        target = (max(reached, 0.0) / gap) ** 3 * gap / (len(at.x) + len(at.t) + len(at.w))
        second = (guess.x * guess.z, guess.t * guess.v, guess.w * guess.u)
        step = direction(*(target - product - more for product, more in zip(products, second, strict=True)))
    except np.linalg.LinAlgError:
        return None
    primal, dual = _steps(at, step)
    further = at.moved(step, min(1.0, TO_THE_BOUNDARY * primal), min(1.0, TO_THE_BOUNDARY * dual))
    inside = all(bool((part > 0).all()) for part in further)
    return further if inside else None


def _steps(at: Point, by: Point) -> tuple[float, float]:
    """Return how far the primal and the dual side can go before something becomes negative."""
    primal = min(_length(at.x, by.x), _length(at.t, by.t), _length(at.w, by.w))
    return primal, min(_length(at.z, by.z), _length(at.v, by.v), _length(at.u, by.u))


def _length(value: Floats, change: Floats) -> float:
    least = float((change / value).min(initial=0.0))
    return 1.0 if least >= -1.0 else -1.0 / least


def _dot(one: Floats, other: Floats) -> float:
    return float(np.einsum("i,i->", one, other))


def _product(one: Floats, other: Floats) -> Floats:
    """Return one' other in blocks too small for a linear algebra library to start threads for them."""
    rows = one.shape[1]
    block = max(1, _BLOCK // (rows * rows))
    whole = len(one) // block * block
    product = one[whole:].T @ other[whole:]
    if whole:
        stacked = one[:whole].reshape(-1, block, rows).transpose(0, 2, 1) @ other[:whole].reshape(-1, block, rows)
        product = product + stacked.sum(axis=0)
    return np.asarray(product, np.float64)
