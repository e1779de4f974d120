"""The exact method: prices, a rounded choice, what the prices rule out, and a small programme for the rest.

Each step is one function: `presolve` and `by_inspection` (solver.presolve), `priced_choice`, `fix`, `solve_core`,
`canonical`. Whatever the limits cut short, the answer carries a bound that holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver import greedy
from solver.columns import Column
from solver.dual import SHIFT, Dual, best_scores, evaluate
from solver.limits import Limits, Stopwatch
from solver.network import Network
from solver.presolve import Presolved, by_inspection, fits_back_ends, presolve

ALL_GREEDIES_UP_TO = 200_000
"""Arcs up to which the incumbent is compared with every greedy; above, the cheap ones only."""

ENUMERATED_ORDERS = 60
"""Orders up to which a core of numbers beyond the back-ends is enumerated."""

ENUMERATED_NODES = 500_000
"""Nodes after which the enumeration gives up."""

CANONICAL_UP_TO = 400
"""Undecided arcs up to which the canonical one among equal optima is looked for."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method found: a choice in arcs of its network, and what it proved."""

    choice: Column
    bound: int
    proof: str
    prices: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Core:
    """What the prices leave open.

    Attributes
    ----------
    network : Network
        The undecided arcs, with the capacity that the committed ones leave; orders keep their indices.
    arcs : int64 array
        Index of each core arc in the network that was fixed.
    committed : int64 array, shape (n_orders,)
        Arcs that every better choice contains, -1 elsewhere.
    """

    network: Network
    arcs: Column
    committed: Column


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
    small = presolve(network)
    choice = by_inspection(small.network)
    if choice is not None:
        bound = score_of(small.network, choice)
        return Outcome(small.choice_of_original(choice), bound, "exact", np.zeros(network.n_rows))
    dual = price(small, watch)
    incumbent = _incumbent(small, dual, _restricted(small, start))
    bound = dual.bound // small.step * small.step
    choice, bound = _search(small, dual, incumbent, bound, limits, watch)
    if bound == score_of(small.network, choice):
        choice = canonical(small.network, dual, choice, limits, watch)
    prices = small.prices_of_original(dual.prices)
    return Outcome(small.choice_of_original(choice), bound, "exact", prices)


def price(small: Presolved, watch: Stopwatch) -> Dual:
    """Return the relaxation at its own prices; at prices of zero where it could not be solved in time.

    The sum of the best scores is a bound as well: that of prices zero. The better of the two is returned.
    """
    from solver.backends import (
        relaxation_prices,  # OR-Tools takes long to import and many batches never need it
    )

    priced = evaluate(small.network, relaxation_prices(small.network, watch.left, watch.cancelled))
    if priced.bound <= int(best_scores(small.network).sum()):
        return priced
    return evaluate(small.network, np.zeros(small.network.n_rows))


def priced_choice(network: Network, dual: Dual) -> Column:
    """Round the relaxation: arcs by rising regret at the prices, each taken if its order is free and it fits.

    Returns
    -------
    int64 array, shape (n_orders,)
    """
    start = network.entry_start.tolist()
    rows, needs = network.entry_row.tolist(), network.entry_need.tolist()
    owner, left = network.order.tolist(), network.capacity.tolist()
    choice = np.full(network.n_orders, -1, np.int64)
    for arc in np.lexsort((network.position, -network.score, dual.arc_regret.astype(float))).tolist():
        entries = range(start[arc], start[arc + 1])
        if choice[owner[arc]] < 0 and all(needs[e] <= left[rows[e]] for e in entries):
            choice[owner[arc]] = arc
            for e in entries:
                left[rows[e]] -= needs[e]
    return choice


def fix(network: Network, dual: Dual, target: int) -> Core | None:
    """Return what is undecided in a choice of at least `target` points; None if no such choice exists.

    An arc whose regret exceeds what is left between the bound and the target is out; an order that can be neither
    backlog nor on more than one arc is in.
    """
    open_arcs = dual.can_be_in(target)
    may_be_out = dual.can_be_out(target)
    options = np.bincount(network.order[open_arcs], minlength=network.n_orders)
    if (~may_be_out & (options == 0)).any():
        return None
    committed = np.full(network.n_orders, -1, np.int64)
    settled = ~may_be_out & (options == 1)
    arcs = np.flatnonzero(open_arcs & settled[network.order])
    committed[network.order[arcs]] = arcs
    capacity = network.capacity - np.array(network.usage(arcs), dtype=np.int64).reshape(-1)
    if (capacity < 0).any():
        return None
    undecided = np.flatnonzero(open_arcs & ~settled[network.order])
    left = network.subset(undecided)
    drawn = np.zeros(network.n_rows, np.int64)
    np.add.at(drawn, left.entry_row, left.entry_need)
    return Core(replace(left, capacity=np.minimum(capacity, drawn)), undecided, committed)


def solve_core(core: Core, dual: Dual, limits: Limits, watch: Stopwatch) -> tuple[Column | None, int | None]:
    """Return the best choice of the core, in arcs of the fixed network, and the bound on all of them.

    None stands for "nothing found" and "nothing proven": out of time, or too much for exact arithmetic.
    """
    from solver.backends import solve_mip

    small = presolve(core.network)
    if watch.left <= 0:
        return None, None
    found = by_inspection(small.network)
    bound: int | None
    if found is not None:
        bound = score_of(small.network, found)
    elif not fits_back_ends(small.network):
        found = enumerated(small.network, dual.prices * small.divisor, watch)
        bound = None if found is None else score_of(small.network, found)
    else:
        answer = solve_mip(
            small.network,
            "cp_sat",
            seconds=watch.left,
            threads=limits.threads,
            cancelled=limits.cancelled,
            hint=greedy.density(small.network),
        )
        found, bound = answer.choice, answer.bound
    if found is None or bound is None:
        return None, bound
    inside = small.choice_of_original(found)
    choice = np.where(inside >= 0, core.arcs[inside], core.committed) if len(core.arcs) else core.committed
    return choice.astype(np.int64), bound


def enumerated(network: Network, prices: npt.NDArray[np.float64], watch: Stopwatch) -> Column | None:
    """Return the best choice of a small network whose numbers no back-end carries exactly; None if it is not small.

    Depth first in Python integers, the option of least regret first; a branch ends when its regrets add up to more
    than the bound leaves above the best choice so far.
    """
    dual = evaluate(network, prices)
    best = greedy.density(network)
    start, regret, null_regret = network.order_start.tolist(), dual.arc_regret.tolist(), dual.null_regret.tolist()
    orders = [i for i in range(network.n_orders) if start[i] < start[i + 1]]
    if len(orders) > ENUMERATED_ORDERS:
        return None
    orders.sort(key=lambda i: -null_regret[i])
    options = [
        sorted([(null_regret[i], -1), *((regret[arc], arc) for arc in range(start[i], start[i + 1]))]) for i in orders
    ]
    entries = [list(network.entries(arc)) for arc in range(network.n_arcs)]
    left, choice = network.capacity.tolist(), np.full(network.n_orders, -1, np.int64)
    reached, nodes = score_of(network, best), 0

    def descend(depth: int, surplus: int) -> bool:
        """Look at everything below a node; return whether the effort lasted."""
        nonlocal best, reached, nodes
        nodes += 1
        if nodes > ENUMERATED_NODES or (nodes % 1024 == 0 and watch.left <= 0):
            return False
        if depth == len(orders):
            if score_of(network, choice) > reached:
                best, reached = choice.copy(), score_of(network, choice)
            return True
        for loss, arc in options[depth]:
            if surplus - loss < (reached + 1) << SHIFT:
                break
            taken = entries[arc] if arc >= 0 else []
            if all(need <= left[row] for row, need in taken):
                for row, need in taken:
                    left[row] -= need
                choice[orders[depth]] = arc
                lasted = descend(depth + 1, surplus - loss)
                choice[orders[depth]] = -1
                for row, need in taken:
                    left[row] += need
                if not lasted:
                    return False
        return True

    return best if descend(0, dual.value) else None


def canonical(network: Network, dual: Dual, choice: Column, limits: Limits, watch: Stopwatch) -> Column:
    """Return the canonical one among the choices that score as much as `choice`, which is optimal.

    Only arcs that the prices leave open at that score can differ; where there are too many of them, or too little
    time, `choice` is kept.
    """
    from solver.ties import canonical_decision

    score = score_of(network, choice)
    core = fix(network, dual, score)
    if core is None or not 0 < len(core.arcs) <= CANONICAL_UP_TO or not fits_back_ends(core.network):
        return choice
    if watch.left <= 0:
        return choice
    index = {int(arc): place for place, arc in enumerate(core.arcs)}
    inside = np.array([index.get(int(arc), -1) for arc in choice], dtype=np.int64)
    inside[core.committed >= 0] = -1
    value = score_of(core.network, inside)
    decided, _, _ = canonical_decision(
        core.network, (inside, None, None), value, seconds=watch.left, cancelled=limits.cancelled
    )
    if decided is None:
        return choice
    return np.where(decided >= 0, core.arcs[decided], core.committed).astype(np.int64)


def score_of(network: Network, choice: Column) -> int:
    """Return the score of a choice as a Python integer."""
    return sum(network.score[choice[choice >= 0]].tolist())


def _incumbent(small: Presolved, dual: Dual, start: Column | None) -> Column:
    """Return the best choice that is cheap to find; on equal scores the earlier candidate."""
    network = small.network
    methods = list(greedy.GREEDY.values()) if network.n_arcs <= ALL_GREEDIES_UP_TO else [greedy.density]
    candidates = [priced_choice(network, dual), *(method(network) for method in methods)]
    if start is not None:
        candidates.append(start)
    return max(candidates, key=lambda choice: score_of(network, choice))


def _restricted(small: Presolved, start: Column | None) -> Column | None:
    """Return `start` in arcs of the presolved network, or None if it does not fit there."""
    if start is None or not len(small.kept):
        return None
    place = {int(arc): index for index, arc in enumerate(small.kept)}
    choice = np.array([place.get(int(arc), -1) for arc in start], dtype=np.int64)
    arcs = choice[choice >= 0]
    orders = np.flatnonzero(choice >= 0)
    if len(choice) != small.network.n_orders or (small.network.order[arcs] != orders).any():
        return None
    used = small.network.usage(arcs)
    fits = all(u <= c for u, c in zip(used, small.network.capacity.tolist(), strict=True))
    return choice if fits else None


def _search(
    small: Presolved, dual: Dual, incumbent: Column, bound: int, limits: Limits, watch: Stopwatch
) -> tuple[Column, int]:
    """Look for anything better than the incumbent by more than the allowance; return choice and bound."""
    network = small.network
    reached = score_of(network, incumbent)
    tolerated = reached + limits.allowance(bound) // small.step * small.step
    if bound <= tolerated:
        return incumbent, bound
    core = fix(network, dual, tolerated + small.step)
    if core is None:
        return incumbent, min(bound, tolerated)
    found, core_bound = solve_core(core, dual, limits, watch)
    if core_bound is not None:
        ceiling = max(core_bound + score_of(network, core.committed), tolerated)
        bound = min(bound, ceiling // small.step * small.step)
    if found is not None and score_of(network, found) > reached:
        incumbent = found
    return incumbent, max(bound, score_of(network, incumbent))
