"""What the prices leave open: every option that can be part of a better choice, as a menu for each order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.columns import INT64_MAX, Column
from solver.dual import Dual
from solver.presolve import drawn, needs_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Menu:
    """The options of some orders, the backlog included, against what the rows have left for them.

    Attributes
    ----------
    orders : int64 array, shape (n,)
        The orders, first among equals first.
    start : int64 array, shape (n + 1,)
        Options of the i-th order are ``start[i]:start[i + 1]``, the one that is preferred among equals last.
    arc : int64 array, shape (n_options,)
        Arc of each option in the network of the prices, -1 for the backlog.
    score : int64 array, shape (n_options,)
    need : int64 array, shape (n_rows, n_options)
        Rows that could be overdrawn only.
    capacity : int64 array, shape (n_rows,)
        >= 0.
    prices : float array, shape (n_rows,)
    regret : float array, shape (n_options,)
    """

    orders: Column
    start: Column
    arc: Column
    score: Column
    need: Column
    capacity: Column
    prices: Floats
    regret: Floats


@dataclass(frozen=True, eq=False)
class Core:
    """A menu of the undecided orders, and the arcs of the decided ones.

    Attributes
    ----------
    menu : Menu
    committed : int64 array, shape (n_orders,)
        Arcs that every better choice contains, -1 elsewhere.
    score : int
        What the committed arcs score.
    """

    menu: Menu
    committed: Column
    score: int


def undecided(dual: Dual, room: float) -> int:
    """Return how many orders have more than one option whose regret is at most `room`."""
    return int(np.count_nonzero(dual.second_regret <= room))


def fix(dual: Dual, room: float) -> Core | None:
    """Return what is undecided in the choices whose regrets and priced slack add up to at most `room`.

    An arc with a larger regret is out; an order that has one option left is decided. None if no such choice exists.
    """
    network = dual.network
    open_arcs = dual.arc_regret <= room
    may_be_out = dual.null_regret <= room
    options = np.bincount(network.order[open_arcs], minlength=network.n_orders)
    settled = ~may_be_out & (options == 1)
    committed = np.full(network.n_orders, -1, np.int64)
    arcs = np.flatnonzero(open_arcs & settled[network.order])
    committed[network.order[arcs]] = arcs
    left = network.capacity - drawn(network, arcs)
    if (left < 0).any():
        return None
    menu = menu_of(dual, np.flatnonzero((options > 0) & ~settled), left, room)
    return Core(menu, committed, int(network.score[arcs].sum()))


def menu_of(dual: Dual, orders: Column, left: Column, room: float) -> Menu:
    """Return the options of `orders` whose regret is at most `room`, against the capacity `left`.

    Of the arcs of one order, one that scores no more than another, draws no less from any row and was given later is
    left out.
    """
    network = dual.network
    orders = orders[np.argsort(network.tie_rank[orders], kind="stable")]
    begin, end = network.order_start[orders], network.order_start[orders + 1]
    counts = end - begin
    arcs = np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    place = np.repeat(np.arange(len(orders)), counts)
    regret = dual.null_regret[network.order[arcs]] - dual.reduced[arcs]
    kept = regret <= room
    arcs, place, regret = arcs[kept], place[kept], regret[kept]
    out = np.flatnonzero(dual.null_regret[orders] <= room)
    # The backlog comes first, then the arcs from the last given to the first.
    place, arcs = np.concatenate((out, place)), np.concatenate((np.full(len(out), -1), arcs))
    regret = np.concatenate((dual.null_regret[orders[out]], regret))
    given = np.where(arcs >= 0, network.position[arcs], INT64_MAX)
    ranked = np.lexsort((-given, place))
    place, arcs, regret = place[ranked], arcs[ranked], regret[ranked]
    need, score = needs_of(dual.network, arcs), np.where(arcs >= 0, network.score[arcs], 0)
    kept = _undominated(place, score, need)
    place, arcs, regret, need, score = place[kept], arcs[kept], regret[kept], need[:, kept], score[kept]
    start = np.searchsorted(place, np.arange(len(orders) + 1)).astype(np.int64)
    drawable = need.sum(axis=1)
    if len(start) > 1 and len(need) and (np.diff(start) > 0).all():
        drawable = np.maximum.reduceat(need, start[:-1], axis=1).sum(axis=1)
    rows = np.flatnonzero(drawable > left)
    return Menu(orders, start, arcs, score, need[rows], left[rows], dual.prices[rows], np.maximum(regret, 0.0))


def _undominated(place: Column, score: Column, need: Column) -> npt.NDArray[np.bool_]:
    """Return the options that no other of the same order makes superfluous; later ones are preferred among equals."""
    kept = np.ones(len(place), bool)
    for apart in range(1, int(np.bincount(place).max(initial=1))):
        same = place[apart:] == place[:-apart]
        if not same.any():
            break
        earlier, later = slice(None, -apart), slice(apart, None)
        leaner = (need[:, later] <= need[:, earlier]).all(axis=0) & (score[later] >= score[earlier])
        fatter = (need[:, later] >= need[:, earlier]).all(axis=0) & (score[later] < score[earlier])
        kept[earlier] &= ~(same & leaner)
        kept[later] &= ~(same & fatter)
    return kept
