"""From prices to a choice that fits: rounding, filling, and exchanges among the orders that hardly care."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solver.columns import Column
from solver.dual import Dual, best_scores
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

_SIZE = 0.01
"""Share of what an order's capital costs that counts as urgency: a large order finds no place later."""


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


def rounded(dual: Dual) -> Column:
    """Return a choice that fits: every order on its best arc at the prices, the least regretting ones as they fit.

    Returns
    -------
    int64 array, shape (n_orders,)
    """
    network, second = dual.network, dual.second_regret
    tied = second <= _TIED * best_scores(network)
    count = CONTESTED
    while True:
        contested = np.ones(network.n_orders, bool)
        if count < network.n_orders:
            contested = tied | (second <= np.partition(second, count)[count])
        choice = np.where(contested, -1, dual.best_arc)
        left = network.capacity - drawn(network, choice[choice >= 0])
        if (left >= 0).all():
            break
        count *= 4
    return filled(dual, choice, np.flatnonzero(contested), left)


def filled(dual: Dual, choice: Column, orders: Column, left: Column) -> Column:
    """Serve the orders of a choice that are still free, one by one: who regrets most goes first.

    First only arcs that are worth their price are taken; then whatever still fits, by score per price.
    """
    network, choice = dual.network, choice.copy()
    orders = orders[network.order_start[orders] < network.order_start[orders + 1]]
    counts = network.order_start[orders + 1] - network.order_start[orders]
    arcs = np.repeat(network.order_start[orders] - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    owner = network.order[arcs]
    cost = np.maximum(network.score[arcs] - dual.reduced[arcs], 0.0)
    size = np.zeros(network.n_orders)
    np.maximum.at(size, owner, cost)
    urgency = dual.null_regret + _SIZE * size
    regret = dual.null_regret[owner] - dual.reduced[arcs]
    worth_it = np.flatnonzero(dual.reduced[arcs] >= -_TIED * network.score[arcs])
    ranked = worth_it[
        np.lexsort((regret[worth_it], owner[worth_it], -size[owner[worth_it]], -urgency[owner[worth_it]]))
    ]
    by_density = np.lexsort((-network.score[arcs], cost / network.score[arcs]))
    for sequence in (arcs[ranked], arcs[by_density]):
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
