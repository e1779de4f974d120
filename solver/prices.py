"""Prices at which the relaxation of a whole batch is solved, found from a few of its orders.

The relaxation of a weighted sample gives prices that are nearly right. How far a price may still move decides which
orders are undecided: all others keep their best arc everywhere in that box, so they are added up once, and the
relaxation of the undecided few is solved exactly. If its prices lie inside the box they are optimal for the whole
batch, because L is convex; if not, the box moves there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solver.dual import Dual, best_of, best_scores, evaluate, priced
from solver.interior import interior_prices
from solver.limits import Stopwatch
from solver.network import Network
from solver.presolve import drawn

Floats = npt.NDArray[np.float64]

SOLVED_WHOLE = 2500
"""Orders up to which the relaxation is solved at once."""

SAMPLE = 2.0
"""Orders in the sample of a larger batch, times the number of its orders to the power of two thirds."""

UNDECIDED = 2.0
"""Orders left undecided by the first box, for each in the sample; a box that was missed leaves four times as many."""

BOXES = 3
"""Boxes that are tried before the best prices so far are taken."""

CONVERGED = 1e-9
"""Relative fall of the bound below which another box is not worth a pass."""


def price(network: Network, watch: Stopwatch) -> Dual:
    """Return the relaxation of a presolved network at its own prices.

    The sum of the best scores is a bound as well: that of prices zero. The better of the two is returned.
    """
    dual = evaluate(network, prices(network, watch))
    return dual if dual.bound <= int(best_scores(network).sum()) else evaluate(network, np.zeros(network.n_rows))


def prices(network: Network, watch: Stopwatch) -> Floats:
    """Return prices at which the relaxation of a presolved network is solved, shape (n_rows,)."""
    orders = len(network.served_orders[0])
    capacity = network.capacity.astype(np.float64)
    if orders <= SOLVED_WHOLE:
        return interior_prices(network, capacity, np.ones(orders), watch)
    sample = int(SAMPLE * orders ** (2 / 3))
    centre, undecided = evaluate(network, sampled_prices(network, sample, watch)), int(UNDECIDED * sample)
    for _ in range(BOXES):
        if watch.left < watch.elapsed:
            break  # a box takes about as long as all before it
        found, inside = _boxed(network, centre, undecided, watch)
        if found is not None:
            dual = evaluate(network, found)
            fallen = centre.value - dual.value
            centre = dual if fallen > 0 else centre
            if inside or undecided >= orders or 0 <= fallen < CONVERGED * centre.value:
                break
        undecided *= 4
    return centre.prices


def sampled_prices(network: Network, size: int, watch: Stopwatch) -> Floats:
    """Return the prices of a sample in which an order's chance rises with what it scores and draws.

    The sample of a batch is always the same.
    """
    orders, first = network.served_orders
    score = np.maximum.reduceat(network.score, first).astype(np.float64)
    chance = np.minimum(1.0, size * (0.4 / len(first) + 0.6 * score / float(score.sum())))
    taken = np.random.Generator(np.random.PCG64(1)).random(len(first)) < chance
    chosen = np.zeros(network.n_orders, bool)
    chosen[orders[taken]] = True
    arcs = np.flatnonzero(chosen[network.order])
    capacity = network.capacity.astype(np.float64)
    return interior_prices(network.subset(arcs), capacity, 1.0 / chance[taken], watch, 1e-7)


def margins(dual: Dual, spread: Floats) -> Floats:
    """Return how many times `spread` the prices may move before an order's best option can change.

    Parameters
    ----------
    dual : Dual
    spread : float array, shape (n_rows,)

    Returns
    -------
    float array, shape (n_orders,)
    """
    network = dual.network
    reach = priced(network, spread)
    best = dual.best_arc
    served = best >= 0
    held = np.where(served, reach[best], 0.0)
    short = dual.null_regret[network.order] - dual.reduced
    ways = reach + held[network.order]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(ways > 0, short / ways, np.where(short > 0, np.inf, 0.0))
        backlog = np.where(served, np.where(held > 0, dual.null_regret / held, np.inf), np.inf)
    ratio[best[served]] = np.inf
    return np.minimum(-best_of(network, -ratio, -np.inf), backlog)


def _boxed(network: Network, centre: Dual, undecided: int, watch: Stopwatch) -> tuple[Floats | None, bool]:
    """Return the prices of the orders that are undecided around `centre`, and whether they lie in the box.

    None if the decided ones draw more than there is: the box is in the wrong place.
    """
    capacity = network.capacity.astype(np.float64)
    typical = centre.value / np.maximum(capacity, 1.0)
    spread = np.maximum(centre.prices, 1e-3 * typical)
    margin = margins(centre, spread)
    count = min(undecided, network.n_orders - 1)
    width = float(np.partition(margin, count)[count])
    open_orders = margin <= width
    arcs = np.flatnonzero(open_orders[network.order])
    decided = centre.best_arc[~open_orders]
    left = network.capacity - drawn(network, decided[decided >= 0])
    small = network.subset(arcs)
    if (left[small.entry_row] <= 0).any():
        return None, False
    found = interior_prices(small, left.astype(np.float64), np.ones(len(small.served_orders[0])), watch)
    inside = bool((np.abs(found - centre.prices) <= width * spread).all())
    return np.clip(found, centre.prices - width * spread, centre.prices + width * spread), inside
