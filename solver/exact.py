"""The exact method: prices, a rounded choice, what the prices rule out, and a search of the rest.

Each step is one function, most in a module of its own: `presolve` and `by_inspection` (solver.presolve), `price`
(solver.prices), `rounded` (solver.rounding), `exchange` and `Neighbourhood` (solver.neighbourhood), `fix`
(solver.fixing), `search` (solver.halves), and here `deepen`, `solve_core` and `canonical`. Whatever the limits cut
short, the answer carries a bound that holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver import greedy
from solver.columns import Column
from solver.cuts import with_unit_row
from solver.dual import Dual
from solver.fixing import Core, fix, undecided
from solver.halves import Effort, search
from solver.limits import Limits, Stopwatch
from solver.neighbourhood import Neighbourhood, exchange
from solver.network import Network
from solver.presolve import Presolved, by_inspection, drawn, fits_back_ends, presolve
from solver.prices import price
from solver.rounding import Incumbent, rounded

GREEDIES_UP_TO = 40_000
"""Arcs up to which the incumbent is compared with every greedy before the search gives up on the gap asked for."""

GREEDIES_FIRST = 600
"""Arcs up to which they are so cheap that they come first."""

CORE_ORDERS = 500
"""Most undecided orders that are searched to the end."""

EFFORTS = (Effort(2_000, 100_000), Effort(20_000, 1_000_000), Effort(150_000, 6_000_000))
"""Efforts of one search after the other, each with a better incumbent."""

FRUITLESS = (12, 40, 150)
"""Menus around the incumbent that may give nothing before each of these searches."""

LAST_EFFORT, ENUMERABLE = Effort(1_300_000, 20_000_000), 41.0
"""Effort on a core of so few choices, as a power of two, that its halves can be listed whole."""

CANONICAL_EFFORT = Effort(20_000, 1_000_000)
"""Effort on the canonical one among equal optima."""

BACK_END_ARCS = 2_000
"""Most undecided arcs that are handed to CP-SAT."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method found: a choice in arcs of its network, and what it proved."""

    choice: Column
    bound: int
    proof: str
    prices: npt.NDArray[np.float64]


def optimise(network: Network, limits: Limits, watch: Stopwatch, start: Column | None = None) -> Outcome:
    """Return the best choice of `network`, with its proof, within the limits.

    Parameters
    ----------
    network : Network
    limits : Limits
    watch : Stopwatch
    start : int64 array, shape (n_orders,), optional
        A choice to begin with; ignored if it does not fit.
    """
    choice = by_inspection(network)
    if choice is not None:
        return Outcome(choice, score_of(network, choice), "exact", np.zeros(network.n_rows))
    small = presolve(network)
    choice = by_inspection(small.network) if len(small.kept) < network.n_arcs else None
    if choice is not None:
        bound = score_of(small.network, choice)
        return Outcome(small.choice_of_original(choice), bound, "exact", np.zeros(network.n_rows))
    dual = price(small.network, watch)
    cut = with_unit_row(small.network, watch)
    closer = dual if cut is small.network else price(cut, watch)
    starts = [_restricted(small, start), rounded(dual, watch)]
    hunt = Hunt(
        replace(small, network=cut),
        closer,
        limits,
        watch,
        starts if closer is dual else [*starts, rounded(closer, watch)],
    )
    hunt.run()
    choice = hunt.incumbent.choice
    if hunt.bound == hunt.incumbent.score:
        choice = canonical(closer, choice, watch)
    return Outcome(small.choice_of_original(choice), hunt.bound, "exact", small.prices_of_original(dual.prices))


class Hunt:
    """The incumbent and the bound closing in on each other.

    Attributes
    ----------
    incumbent : Incumbent
    bound : int
    """

    def __init__(
        self, small: Presolved, dual: Dual, limits: Limits, watch: Stopwatch, starts: Sequence[Column | None]
    ) -> None:
        self._small, self._dual, self._limits, self._watch = small, dual, limits, watch
        self.bound = dual.bound // small.step * small.step
        self.incumbent = Incumbent(small.network, np.full(small.network.n_orders, -1, np.int64))
        for start in starts:
            if start is not None:
                self._propose(Incumbent(small.network, start))

    def run(self) -> None:
        """Improve the incumbent and lower the bound in turn, until they meet or the limits are reached."""
        if self._closed:
            return
        n_arcs = self._small.network.n_arcs
        if n_arcs <= GREEDIES_FIRST:
            self._compare()
        exchange(self._dual, self.incumbent, self._watch)
        for fruitless, effort in zip(FRUITLESS, EFFORTS, strict=True):
            nearby = Neighbourhood(self._dual, self.incumbent, self._small.step)
            nearby.improve(self._target, fruitless, self._watch)
            if self._closed:
                return
            if GREEDIES_FIRST < n_arcs <= GREEDIES_UP_TO and effort is EFFORTS[0]:
                self._compare()
            few = effort is EFFORTS[1] and self._choices() <= ENUMERABLE
            self.deepen(LAST_EFFORT if few else effort)
            if self._closed:
                return
        self.solve_core()
        if not self._closed:
            nearby = Neighbourhood(self._dual, self.incumbent, self._small.step)
            nearby.improve(self._target, 100_000, self._watch)

    def _choices(self) -> float:
        """Return how many choices the undecided orders have together, as a power of two."""
        room = self._dual.room(self.incumbent.score + self._small.step)
        if undecided(self._dual, room) > CORE_ORDERS:
            return np.inf
        core = fix(self._dual, room)
        return 0.0 if core is None else float(np.log2(np.maximum(np.diff(core.menu.start), 1)).sum())

    def _compare(self) -> None:
        """Take the best greedy's choice if it is better than the incumbent."""
        for method in greedy.GREEDY.values():
            self._propose(Incumbent(self._small.network, method(self._small.network)))

    @property
    def _target(self) -> int:
        """Return the score that is as good as was asked for."""
        return self.bound - self._limits.allowance(self.bound)

    @property
    def _closed(self) -> bool:
        return self.incumbent.score >= self._target or self._watch.left <= 0

    def _propose(self, other: Incumbent) -> None:
        if other.score > self.incumbent.score and (other.left >= 0).all():
            self.incumbent = other

    def _lower(self, bound: int) -> None:
        """Take a bound on every choice that scores more than the incumbent."""
        self.bound = max(self.incumbent.score, min(self.bound, bound // self._small.step * self._small.step))

    def deepen(self, effort: Effort) -> None:
        """Search everything that loses no more than some room: is there anything better? If not, the bound falls."""
        score, dual = self.incumbent.score, self._dual
        room = dual.room(score + self._small.step)
        if undecided(dual, room) > CORE_ORDERS:
            return
        core = fix(dual, room)
        if core is None:
            self._lower(score)
            return
        found = search(core.menu, room, score - core.score, effort, self._watch)
        if found.score is not None and found.arcs is not None:
            choice = core.committed.copy()
            choice[core.menu.orders] = found.arcs
            self._propose(Incumbent(dual.network, choice))
        if found.room >= room:
            self._lower(self.incumbent.score)
        elif found.room > 0:
            self._lower(int(np.floor(dual.value + dual.error - found.room)))

    def solve_core(self) -> None:
        """Hand what is undecided to CP-SAT, if it is small enough to be worth it."""
        score = self.incumbent.score
        room = self._dual.room(score + self._small.step)
        if undecided(self._dual, room) > CORE_ORDERS:
            return
        core = fix(self._dual, room)
        if core is None:
            self._lower(score)
            return
        if len(core.menu.arc) > BACK_END_ARCS or self._watch.left <= 0:
            return
        network = core_network(self._dual.network, core)
        if not fits_back_ends(network):
            return
        from solver.backends import solve_mip  # OR-Tools takes long to import and many batches never need it

        hint = np.full(network.n_orders, -1, np.int64)
        place = {int(arc): index for index, arc in enumerate(network.position)}
        for order in core.menu.orders.tolist():
            hint[order] = (
                place.get(int(self._dual.network.position[self.incumbent.choice[order]]), -1)
                if self.incumbent.choice[order] >= 0
                else -1
            )
        answer = solve_mip(
            network,
            "cp_sat",
            seconds=self._watch.left,
            threads=self._limits.threads,
            cancelled=self._limits.cancelled,
            hint=hint,
        )
        if answer.choice is not None:
            arcs = core_arcs(core)
            choice = np.where(answer.choice >= 0, arcs[answer.choice], core.committed)
            self._propose(Incumbent(self._dual.network, choice.astype(np.int64)))
        if answer.bound is not None:
            self._lower(max(answer.bound + core.score, score))


def core_arcs(core: Core) -> Column:
    """Return the undecided arcs, ascending."""
    return np.sort(core.menu.arc[core.menu.arc >= 0])


def core_network(network: Network, core: Core) -> Network:
    """Return the undecided arcs as a network, with the capacity that the committed ones leave."""
    committed = core.committed[core.committed >= 0]
    left = network.subset(core_arcs(core))
    capacity = network.capacity - drawn(network, committed)
    most = np.zeros(network.n_rows, np.int64)
    np.add.at(most, left.entry_row, left.entry_need)
    return replace(left, capacity=np.minimum(capacity, most))


def canonical(dual: Dual, choice: Column, watch: Stopwatch) -> Column:
    """Return the canonical one among the choices that score as much as `choice`, which is optimal.

    Fewer children first, then the orders that come first by `Network.tie_rank`, by the arc that was given first.
    Where looking through all equal choices is too much, `choice` is kept.
    """
    score = score_of(dual.network, choice)
    room = dual.room(score)
    core = fix(dual, room) if undecided(dual, room) <= CORE_ORDERS else None
    if core is None:
        return choice
    found = search(core.menu, room, score - core.score - 1, CANONICAL_EFFORT, watch)
    if found.arcs is None or found.room < room:
        return choice
    decided = core.committed.copy()
    decided[core.menu.orders] = found.arcs
    return decided


def score_of(network: Network, choice: Column) -> int:
    """Return the score of a choice as a Python integer."""
    return int(network.score[choice[choice >= 0]].sum())


def _restricted(small: Presolved, start: Column | None) -> Column | None:
    """Return `start` in arcs of the presolved network, or None if it does not fit there."""
    network = small.network
    if start is None or not len(small.kept) or len(start) != network.n_orders:
        return None
    place = np.searchsorted(small.kept, start)
    known = (start >= 0) & (small.kept[np.minimum(place, len(small.kept) - 1)] == start)
    choice = np.where(known, place, -1).astype(np.int64)
    orders = np.flatnonzero(choice >= 0)
    if (network.order[choice[orders]] != orders).any():
        return None
    return choice if (drawn(network, choice[orders]) <= network.capacity).all() else None
