"""All choices within a surplus, met in the middle.

Of the undecided orders two lists of partial choices are grown, always the shorter one, as columns: what each state
draws from the rows, what it scores, and its regret. A state whose regret exceeds the room is out, and so is one that
draws the same as another and is worth no more. Then the lists are joined: as regrets and u . slack of a choice stay
within the room, a state of one list asks for partners whose draws fill the priced rows almost exactly, and finds them
by binary search. So as many choices are looked at as the product of two lists, at the price of their sum.

Where a list becomes too long the room is made smaller: what is found is then complete for that smaller room.

References
----------
Horowitz and Sahni (1974), "Computing partitions with applications to the knapsack problem".
Balas and Zemel (1980), "An algorithm for large zero-one knapsack problems".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.columns import Column
from solver.fixing import Menu
from solver.limits import Stopwatch

Floats = npt.NDArray[np.float64]

NOTHING = -math.inf
"""The room of a search that proves nothing."""

CHUNK = 500_000
"""Pairs that are looked at together."""

WORD = 2**62
"""Choices that one word of a state's code can tell apart."""

PRICED_ROWS = 3
"""Most rows by which partners are looked up; the others are compared."""

_INFLATED = 1.0 + 1e-12
"""Factor by which the room is larger than asked for, so that adding up regrets loses nothing."""

_MIXERS = np.random.Generator(np.random.PCG64(2)).integers(1, 2**62, 64) * 2 + 1


class States(NamedTuple):
    """Partial choices, one column each.

    `columns` holds what they draw from each row, their score, minus their number of children, and the words of their
    code, in which the options of orders that come first weigh most.
    """

    columns: Column
    regret: Floats

    def select(self, mask: npt.NDArray[np.generic]) -> States:
        """Return some of the states."""
        return States(self.columns[:, mask], self.regret[mask])


@dataclass(frozen=True, eq=False)
class Effort:
    """How long lists may become, and how many pairs may be looked at."""

    states: int
    pairs: int


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes
    ----------
    score : int or None
        The best score above the floor, None if there is none.
    arcs : int64 array, shape (orders of the menu,), or None
        The canonical choice of that score, -1 for the backlog.
    room : float
        No choice above the floor whose regrets and priced slack add up to at most this was overlooked.
    """

    score: int | None
    arcs: Column | None
    room: float


def search(menu: Menu, room: float, floor: int, effort: Effort, watch: Stopwatch) -> Found:
    """Return the best choice from a menu that scores more than `floor` and loses at most `room`.

    Parameters
    ----------
    menu : Menu
    room : float
        Most that regrets and priced slack may add up to.
    floor : int
    effort : Effort
    watch : Stopwatch
    """
    if (np.diff(menu.start) == 0).any():
        return Found(None, None, room)
    coded = Coded.of(menu)
    halves, width, complete = coded.halves(room * _INFLATED, effort, watch)
    if halves is None:
        return Found(None, None, min(complete / _INFLATED, room))
    best, width, all_pairs = coded.joined(*halves, width, floor, effort, watch)
    proven = min(width / _INFLATED, complete / _INFLATED, room) if all_pairs else NOTHING
    if best is None:
        return Found(None, None, proven)
    return Found(int(best[coded.n_rows]), coded.decoded(best), proven)


@dataclass(frozen=True, eq=False)
class Coded:
    """A menu whose options are columns of states.

    Attributes
    ----------
    menu : Menu
    option : int64 array, shape (rows + 2 + words, n_options)
    word, weight : list of int
        Where in the code each order's option stands.
    """

    menu: Menu
    option: Column
    word: list[int]
    weight: list[int]

    @classmethod
    def of(cls, menu: Menu) -> Coded:
        """Return the options of every order numbered, orders that come first in the higher places."""
        sizes = np.diff(menu.start).tolist()
        groups: list[list[int]] = [[]]
        product = 1
        for i, size in enumerate(sizes):
            if product * size > WORD:
                groups.append([])
                product = 1
            groups[-1].append(i)
            product *= size
        word, weight = [0] * len(sizes), [1] * len(sizes)
        for number, group in enumerate(groups):
            unit = 1
            for i in reversed(group):
                word[i], weight[i] = number, unit
                unit *= sizes[i]
        n_rows = len(menu.need)
        option = np.zeros((n_rows + 2 + len(groups), len(menu.score)), np.int64)
        option[:n_rows], option[n_rows], option[n_rows + 1] = menu.need, menu.score, -(menu.arc >= 0).astype(np.int64)
        for i, (a, b) in enumerate(zip(menu.start[:-1].tolist(), menu.start[1:].tolist(), strict=True)):
            option[n_rows + 2 + word[i], a:b] = np.arange(b - a) * weight[i]
        return cls(menu, option, word, weight)

    @property
    def n_rows(self) -> int:
        """Return the number of rows that states draw on."""
        return len(self.menu.need)

    def decoded(self, state: Column) -> Column:
        """Return the arcs that a complete state chooses."""
        sizes = np.diff(self.menu.start).tolist()
        digits = [
            int(state[self.n_rows + 2 + word]) // weight % size
            for word, weight, size in zip(self.word, self.weight, sizes, strict=True)
        ]
        return self.menu.arc[self.menu.start[:-1] + np.array(digits, np.int64)] if digits else np.zeros(0, np.int64)

    def halves(
        self, room: float, effort: Effort, watch: Stopwatch
    ) -> tuple[tuple[States, States] | None, float, float]:
        """Return two lists of states, the room that was searched, and the one for which they are complete.

        The orders that matter most come first, so that lists stay short for long; None for the lists if no choice
        fits into the room.
        """
        empty = States(np.zeros((len(self.option), 1), np.int64), np.zeros(1))
        lists, checked, complete = [empty, empty], [64, 64], room
        start = self.menu.start.tolist()
        second = [float(np.sort(self.menu.regret[a:b])[1]) if b - a > 1 else math.inf for a, b in pairwise(start)]
        for i in np.argsort(-np.array(second), kind="stable").tolist():
            shorter = int(len(lists[1].regret) < len(lists[0].regret))
            states = self._grown(lists[shorter], start[i], start[i + 1], room)
            if len(states.regret) > 2 * checked[shorter]:
                states = _distinct(states, self.n_rows)
                checked[shorter] = len(states.regret)
            if len(states.regret) > effort.states:
                states, room, whole = _shortened(states, effort.states, room)
                complete = min(complete, whole)
            if not len(states.regret):
                return None, room, complete
            if watch.left <= 0:
                return None, room, NOTHING
            lists[shorter] = states
        return (lists[0], lists[1]), room, complete

    def _grown(self, states: States, begin: int, end: int, room: float) -> States:
        """Return the states with each option of one order added, as far as they fit."""
        parts = []
        for option in range(begin, end):
            added, regret = self.option[:, option], self.menu.regret[option]
            fits = states.regret <= room - regret
            for row in np.flatnonzero(added[: self.n_rows]).tolist():
                fits &= states.columns[row] <= self.menu.capacity[row] - added[row]
            if fits.any():
                kept = states if fits.all() else states.select(fits)
                parts.append(States(kept.columns + added[:, None], kept.regret + regret))
        if not parts:
            return states.select(np.zeros(len(states.regret), bool))
        return States(
            np.concatenate([part.columns for part in parts], axis=1), np.concatenate([part.regret for part in parts])
        )

    def joined(
        self, one: States, other: States, room: float, floor: int, effort: Effort, watch: Stopwatch
    ) -> tuple[Column | None, float, bool]:
        """Return the best complete state above the floor, the room it is the best for, and if that holds at all."""
        a, b = (one, other) if len(one.regret) <= len(other.regret) else (other, one)
        pairing = Pairing.of(self.menu, a, b, room)
        while pairing.count > effort.pairs and pairing.lookups and room > 1e-3:
            room /= 4
            a, b = a.select(a.regret <= room), b.select(b.regret <= room)
            pairing = Pairing.of(self.menu, a, b, room)
        if not pairing.count:
            return None, room, True
        best: Column | None = None
        seen = 0
        for left, right in pairing.pairs():
            best = self._better(pairing, left, right, best, floor)
            seen += len(left)
            if seen > 2 * effort.pairs + CHUNK or watch.left <= 0:
                return best, room, False
        return best, room, True

    def _better(self, pairing: Pairing, left: Column, right: Column, best: Column | None, floor: int) -> Column | None:
        """Return the best of a state and some pairs: score, then fewer children, then the code."""
        a, b, rows = pairing.one.columns, pairing.other.columns, self.n_rows
        score = a[rows][left] + b[rows][right]
        kept = np.flatnonzero(score > floor if best is None else score >= best[rows])
        for row in range(rows):
            kept = kept[b[row][right[kept]] <= pairing.left[row][left[kept]]]
        for place in range(rows, len(a)):
            if len(kept) <= 1:
                break
            value = a[place][left[kept]] + b[place][right[kept]]
            kept = kept[value == value.max()]
        if not len(kept):
            return best
        state = a[:, left[kept[0]]] + b[:, right[kept[0]]]
        return state if best is None or tuple(state[rows:]) > tuple(best[rows:]) else best


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which states of two lists fill the priced rows together.

    Attributes
    ----------
    one, other : States
        The second list is sorted by what is looked up.
    left : int64 array, shape (rows, states of one)
        Capacity that each state of the first list leaves.
    lookups : list of (int64 array, int64 array)
        For each state of the first list, ranges of states of the second.
    count : int
        Pairs in these ranges.
    """

    one: States
    other: States
    left: Column
    lookups: list[tuple[Column, Column]]
    count: int

    @classmethod
    def of(cls, menu: Menu, one: States, other: States, room: float) -> Pairing:
        """Sort the second list and look up the partners of the first."""
        capacity, n_rows = menu.capacity, len(menu.capacity)
        left = capacity[:, None] - one.columns[:n_rows]
        if not len(one.regret) or not len(other.regret):
            return cls(one, other, left, [], 0)
        rows, slack = _selective_rows(menu, other, room)
        if not rows:
            everything = (np.zeros(len(one.regret), np.int64), np.full(len(one.regret), len(other.regret)))
            return cls(one, other, left, [everything], len(one.regret) * len(other.regret))
        first, cells = rows[0], _cells(capacity, rows, slack)
        size = int(capacity[first]) + 1
        key = other.columns[first].copy()
        unit = size
        for row, side, count in cells:
            key += other.columns[row] // side * unit
            unit *= count
        ranked = np.argsort(key, kind="stable")
        key, other = key[ranked], other.select(ranked)
        spare = np.minimum((room - one.regret) / menu.prices[first] * (1 + 1e-9) + 1, float(size)).astype(np.int64)
        lookups, total = [], 0
        for corner in range(2 ** len(cells)):
            base, valid, unit = np.zeros(len(one.regret), np.int64), np.ones(len(one.regret), bool), size
            for bit, (row, side, count) in enumerate(cells):
                cell = left[row] // side - (corner >> bit & 1)
                valid &= cell >= 0
                base += cell * unit
                unit *= count
            begin = np.searchsorted(key, base + np.maximum(left[first] - spare, 0), "left")
            end = np.searchsorted(key, base + left[first], "right")
            end = np.where(valid, np.maximum(end, begin), begin)
            lookups.append((begin, end))
            total += int((end - begin).sum())
        return cls(one, other, left, lookups, total)

    def pairs(self) -> Iterator[tuple[Column, Column]]:
        """Yield the pairs as indices into both lists, some at a time."""
        for begin, end in self.lookups:
            counts = end - begin
            asking = np.flatnonzero(counts)
            total = np.cumsum(counts[asking])
            at = 0
            while at < len(asking):
                done = int(total[at - 1]) if at else 0
                stop = max(at + 1, int(np.searchsorted(total, done + CHUNK, "right")))
                some = asking[at:stop]
                left = np.repeat(some, counts[some])
                ahead = np.repeat(begin[some] - (total[at:stop] - counts[some] - done), counts[some])
                yield left, ahead + np.arange(len(left))
                at = stop


def _selective_rows(menu: Menu, states: States, room: float) -> tuple[list[int], dict[int, int]]:
    """Return the priced rows that rule out most partners, best first, and the most slack each may keep."""
    ratio: dict[int, float] = {}
    slack: dict[int, int] = {}
    for row, (price, capacity) in enumerate(zip(menu.prices.tolist(), menu.capacity.tolist(), strict=True)):
        draws = states.columns[row]
        most = room / price * (1 + 1e-9) + 1 if price > 0 else math.inf
        if most < capacity:
            slack[row] = int(most) + 1
            ratio[row] = (float(draws.max()) - float(draws.min()) + 1) / slack[row]
    rows = sorted((row for row in ratio if ratio[row] > 1.5), key=lambda row: -ratio[row])
    return rows[:PRICED_ROWS], slack


def _cells(capacity: Column, rows: list[int], slack: dict[int, int]) -> list[tuple[int, int, int]]:
    """Return (row, side of a cell, number of cells) for the rows after the first, as far as a key can hold them."""
    cells, span = [], int(capacity[rows[0]]) + 1
    for row in rows[1:]:
        side = slack[row] + 1
        count = int(capacity[row]) // side + 2
        if span * count < WORD:
            cells.append((row, side, count))
            span *= count
    return cells


def _distinct(states: States, n_rows: int) -> States:
    """Return the states without those that draw the same as a better one, if that is worth the sorting."""
    mixed = np.zeros(len(states.regret), np.int64)
    for row in range(n_rows):
        mixed = mixed * 3 + states.columns[row] * _MIXERS[row % len(_MIXERS)]
    ranked = np.sort(mixed)
    if np.count_nonzero(ranked[1:] == ranked[:-1]) < len(ranked) // 5:
        return states
    keys = [-states.columns[place] for place in range(len(states.columns) - 1, n_rows - 1, -1)]
    ranked = np.lexsort([*keys, mixed])
    draws = states.columns[:n_rows, ranked]
    again = (draws[:, 1:] == draws[:, :-1]).all(axis=0)
    return states.select(ranked[np.concatenate(([True], ~again))])


def _shortened(states: States, most: int, room: float) -> tuple[States, float, float]:
    """Return at most `most` states, the room to go on with, and the room for which they are complete.

    Where nearly all of them regret the same, no smaller room is left: an even part of those is as good as any.
    """
    limit = float(np.partition(states.regret, most // 2)[most // 2])
    kept = states.regret <= limit
    if np.count_nonzero(kept) > most:
        kept = states.regret < limit
        limit = float(states.regret[kept].max(initial=NOTHING))
    count = np.count_nonzero(kept)
    if count >= most // 4:
        return states.select(kept), min(room, limit), min(room, limit)
    others = np.flatnonzero(~kept)
    part = others[:: -(-len(others) // (most - count))]
    return states.select(np.concatenate((np.flatnonzero(kept), part))), room, limit
