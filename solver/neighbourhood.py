"""Better choices near the incumbent: exchanges of two orders, and small menus of them searched to the end.

An order can be on any of its options in a choice that is better than the incumbent only if the regret is no more than
the surplus, so only the orders of least second regret are worth moving. Some of them are set free, those that would
move for little more often than others, and the best choice for them beside all others is found by `solver.halves`.
"""

from __future__ import annotations

import numpy as np

from solver.columns import Column
from solver.dual import Dual
from solver.fixing import menu_of
from solver.halves import Effort, search
from solver.limits import Stopwatch
from solver.presolve import needs_of
from solver.rounding import EXCHANGED, Incumbent

FEWEST, MOST = 6, 60
"""Orders that are set free together."""

EFFORT = Effort(states=4000, pairs=200_000)
"""Effort on one menu."""


def exchange(dual: Dual, incumbent: Incumbent, watch: Stopwatch) -> None:
    """Make the best exchanges of one or two orders until none is left."""
    network = dual.network
    few = np.sort(dual.movable[: EXCHANGED // 3])
    menu = menu_of(dual, few, network.capacity, np.inf)
    order = np.repeat(menu.orders, np.diff(menu.start))
    rows = np.flatnonzero(np.isin(np.arange(network.n_rows), network.entry_row))
    need = needs_of(network, menu.arc)[rows]
    for _ in range(4 * len(few) + 1):
        if watch.left <= 0 or not len(order):
            return
        held = incumbent.choice[order]
        gain = menu.score - np.where(held >= 0, network.score[held], 0)
        more = need - needs_of(network, held)[rows]
        moves = np.flatnonzero(menu.arc != held)
        moves = moves[np.argsort(-gain[moves], kind="stable")[:EXCHANGED]]
        pair = _best_pair(gain[moves], more[:, moves], order[moves], incumbent.left[rows])
        if pair is None:
            return
        chosen = moves[pair]
        incumbent.assign(order[chosen], menu.arc[chosen])


def _best_pair(gain: Column, more: Column, order: Column, left: Column) -> list[int] | None:
    """Return the one or two moves of different orders that gain most and fit, None if none gains."""
    single = (more <= left[:, None]).all(axis=0) & (gain > 0)
    best, chosen = 0, None
    if single.any():
        at = int(np.where(single, gain, -1).argmax())
        best, chosen = int(gain[at]), [at]
    both = gain[:, None] + gain[None, :]
    fits = both > best
    for row in range(len(more)):
        fits &= more[row][:, None] + more[row][None, :] <= left[row]
    fits &= order[:, None] != order[None, :]
    if fits.any():
        at = int(np.where(fits, both, -1).argmax())
        chosen = [at // len(gain), at % len(gain)]
    return chosen


class Neighbourhood:
    """Menus around an incumbent, drawn at random and always in the same sequence."""

    def __init__(self, dual: Dual, incumbent: Incumbent, step: int) -> None:
        self._dual, self._incumbent, self._step = dual, incumbent, step
        self._rng = np.random.Generator(np.random.PCG64(3))
        self._size = 10
        self._drawn = 0
        self._look()

    def _look(self) -> None:
        """Take in which orders may move, which of them lose something where they are, and what each one's chance is."""
        dual, surplus = self._dual, self._surplus
        movable = dual.movable[dual.second_regret[dual.movable] <= surplus]
        held = self._incumbent.choice[movable]
        lost = dual.null_regret[movable] - np.where(held >= 0, dual.reduced[held], 0.0)
        second = dual.second_regret[movable]
        self._movable = movable
        self._losing = np.cumsum(np.maximum(lost, 0.0))
        self._chances = [np.cumsum(1.0 / (second + part * surplus + 1e-9)) for part in (0.03, 1e-4, 0.003)]

    @property
    def _surplus(self) -> float:
        return self._dual.room(self._incumbent.score)

    def improve(self, target: int, fruitless: int, watch: Stopwatch) -> None:
        """Search menus until the incumbent reaches `target`, or that many menus in a row gave nothing."""
        tried = 0
        while tried < fruitless and self._incumbent.score < target and len(self._movable) and watch.left > 0:
            before = self._incumbent.score
            self._search(self._drawn_orders(), watch)
            tried += 1
            if self._incumbent.score > before:
                tried = 0
                self._look()

    def _drawn_orders(self) -> Column:
        wanted = min(self._size, len(self._movable))
        if wanted == len(self._movable):
            return self._movable
        self._drawn += 1
        chances = self._chances[self._drawn % len(self._chances)]
        points = [np.searchsorted(chances, self._rng.random(2 * wanted) * chances[-1], "right")]
        if self._losing[-1] > 0:
            points.insert(0, np.searchsorted(self._losing, self._rng.random(2) * self._losing[-1], "right"))
        places = np.minimum(np.concatenate(points), len(self._movable) - 1)
        _, first = np.unique(places, return_index=True)
        return np.sort(self._movable[places[np.sort(first)[:wanted]]])

    def _search(self, orders: Column, watch: Stopwatch) -> None:
        """Put the best choice for some orders in the place of theirs; set more or fewer of them free next time."""
        dual, incumbent = self._dual, self._incumbent
        left, score = incumbent.without(orders)
        held = incumbent.choice[orders]
        own = dual.null_regret[orders] - np.where(held >= 0, dual.reduced[held], 0.0)
        slack = float(dual.prices @ incumbent.left)
        others = max(0.0, self._surplus - slack - float(own.sum()) - 4 * dual.error)
        room = self._surplus - others - self._step
        if room < 0:
            return
        menu = menu_of(dual, orders, left, room)
        found = search(menu, room, score, EFFORT, watch)
        if found.score is not None and found.arcs is not None:
            incumbent.assign(menu.orders, found.arcs)
        self._size = min(self._size + 1, MOST) if found.room >= room else max(self._size - 1, FEWEST)
