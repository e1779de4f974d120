"""From prices to a choice that fits: rounding, filling, and exchanges among the orders that hardly care."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solver.columns import Column
from solver.dual import Dual, Floats, best_scores
from solver.limits import Stopwatch
from solver.network import Network
from solver.presolve import drawn, needs_of

CONTESTED = 2000
"""Orders of least regret that are first left to be filled one by one."""

EXCHANGED = 900
"""Moves among which exchanges are looked for; all pairs of them are compared."""

ROUNDS, ONE_BY_ONE = 12, 4000
"""Rounds of many arcs at a time, and arcs that are then tried one by one."""

_TIED = 1e-5
"""Share of an order's best score below which a regret is a matter of rounding."""

_UNFILLED = 1e-6
"""Share of the value that what is left may be worth before more orders are asked to fill it."""


class Incumbent:
    """The best choice so far, with what it leaves of every row.

    Attributes
    ----------
    choice : int64 array, shape (n_orders,)
    left : int64 array, shape (n_rows,)
    score : int
    """

    def __init__(self, network: Network, choice: Column) -> None:
        self._network = network
        self.choice = choice.copy()
        taken = choice[choice >= 0]
        self.left = network.capacity - drawn(network, taken)
        self.score = int(network.score[taken].sum())

    def without(self, orders: Column) -> tuple[Column, int]:
        """Return what would be left, and what would be lost, if some orders were in the backlog."""
        held = self.choice[orders]
        held = held[held >= 0]
        return self.left + needs_of(self._network, held).sum(axis=1), int(self._network.score[held].sum())

    def assign(self, orders: Column, arcs: Column) -> None:
        """Move some orders, each given once, to other arcs or to the backlog."""
        left, lost = self.without(orders)
        self.choice[orders] = arcs
        taken = arcs[arcs >= 0]
        self.left = left - needs_of(self._network, taken).sum(axis=1)
        self.score += int(self._network.score[taken].sum()) - lost


def rounded(dual: Dual, watch: Stopwatch) -> Column:
    """Return a choice that fits: every order on its best arc at the prices, those that hardly care as they fit.

    Where what is left is still worth something, more orders are asked.

    Returns
    -------
    int64 array, shape (n_orders,)
    """
    if watch.left < watch.elapsed / 3:
        return _cut_short(dual)
    network, margin, count = dual.network, _margins(dual), CONTESTED
    choice = None
    while True:
        contested = np.ones(network.n_orders, bool)
        if count < network.n_orders:
            contested = margin <= max(_TIED, float(np.partition(margin, count)[count]))
        if choice is None:
            choice = np.where(contested, -1, dual.best_arc)
        left = network.capacity - drawn(network, choice[choice >= 0])
        if (left < 0).any():
            choice = None
        else:
            choice = filled(dual, choice, np.flatnonzero(contested & (choice < 0)), left)
            left = network.capacity - drawn(network, choice[choice >= 0])
            worth = float((dual.prices * left).sum())
            if count >= network.n_orders or worth <= _UNFILLED * dual.value or watch.left <= 0:
                return choice
        count *= 8


def _cut_short(dual: Dual) -> Column:
    """Return every order's best arc at the prices as long as all before it fit: what little time is left allows."""
    network, best = dual.network, dual.best_arc
    choice, asking = np.full(network.n_orders, -1, np.int64), best[best >= 0]
    taken = asking[_together(network, asking, network.capacity)]
    choice[network.order[taken]] = taken
    return choice


def _margins(dual: Dual) -> Floats:
    """Return each order's second regret relative to its best score, between 0 and 1, infinite without arcs."""
    most, margin = best_scores(dual.network), np.full(dual.network.n_orders, np.inf)
    served = most > 0
    second = dual.second_regret[served]
    margin[served] = second / (second + most[served])
    return margin


def filled(dual: Dual, choice: Column, orders: Column, left: Column) -> Column:
    """Serve the orders of a choice that are still free, one by one.

    First only arcs that are worth their price are taken, by those who lose something without, then by all others. Of
    each kind those with one way to go choose before those that do not care, and who has more to lose before who has
    less, the larger first among equals. Then whatever still fits is taken, by score per price.
    """
    network, choice = dual.network, choice.copy()
    orders = orders[network.order_start[orders] < network.order_start[orders + 1]]
    counts = network.order_start[orders + 1] - network.order_start[orders]
    arcs = np.repeat(network.order_start[orders] - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    owner = network.order[arcs]
    cost = np.maximum(network.score[arcs] - dual.reduced[arcs], 0.0)
    regret, worth = dual.null_regret[owner] - dual.reduced[arcs], _TIED * network.score[arcs]
    size, ways = np.zeros(network.n_orders), np.zeros(network.n_orders)
    np.maximum.at(size, owner, cost)
    np.add.at(ways, owner, regret <= worth)
    null = np.where(dual.null_regret > _TIED * size, dual.null_regret, 0.0)
    worth_it = np.flatnonzero(dual.reduced[arcs] >= -worth)
    who = owner[worth_it]
    ranked = worth_it[np.lexsort((regret[worth_it], who, -size[who], ways[who], -null[who]))]
    by_density = np.lexsort((-network.score[arcs], cost / network.score[arcs]))
    losing = null[owner[ranked]] > 0
    for sequence in (arcs[ranked[losing]], arcs[ranked[~losing]], arcs[by_density]):
        left = _served_in_turn(network, sequence, choice, left)
    return choice


def _served_in_turn(network: Network, arcs: Column, choice: Column, left: Column) -> Column:
    """Give the free orders of `choice` the first of `arcs` that fits, in their sequence; return what is left.

    While there are many, each order's first arc is taken as long as all before it fit together; of the few that are
    then left each is tried by itself.
    """
    for _ in range(ROUNDS):
        arcs = arcs[(choice[network.order[arcs]] < 0) & _fits(network, arcs, left)]
        if len(arcs) <= ONE_BY_ONE:
            break
        first = np.full(network.n_orders, len(arcs))
        first[network.order[arcs[::-1]]] = np.arange(len(arcs))[::-1]
        asking = arcs[np.sort(first[first < len(arcs)])]
        taken = asking[_together(network, asking, left)]
        if not len(taken):
            break
        choice[network.order[taken]] = taken
        left = left - drawn(network, taken)
    stock = left.tolist()
    for arc in arcs[:ONE_BY_ONE].tolist():
        entries = list(network.entries(arc))
        if choice[network.order[arc]] < 0 and all(need <= stock[row] for row, need in entries):
            choice[network.order[arc]] = arc
            for row, need in entries:
                stock[row] -= need
    return np.array(stock, np.int64)


def _fits(network: Network, arcs: Column, left: Column) -> npt.NDArray[np.bool_]:
    """Return which arcs fit alone."""
    if network.one_entry_each:
        return np.asarray(network.entry_need[arcs] <= left[network.entry_row[arcs]])
    fits = np.ones(network.n_arcs, bool)
    fits[network.entry_arc[network.entry_need > left[network.entry_row]]] = False
    return fits[arcs]


def _together(network: Network, arcs: Column, left: Column) -> npt.NDArray[np.bool_]:
    """Return which of different orders' arcs fit, all those before them being taken too."""
    fits = np.ones(len(arcs), bool)
    place = np.full(network.n_arcs, -1)
    place[arcs] = np.arange(len(arcs))
    for row in range(network.n_rows):
        entries = np.flatnonzero((network.entry_row == row) & (place[network.entry_arc] >= 0))
        turn = place[network.entry_arc[entries]]
        ranked = np.argsort(turn)
        fits[turn[ranked]] &= np.cumsum(network.entry_need[entries[ranked]]) <= left[row]
    return fits
