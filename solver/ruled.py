"""Deciding a network with rules: the whole formulation, begun from the best baseline.

The bound is that of the whole programme with every rule in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver import greedy
from solver.columns import Column
from solver.errors import SolverError, Unsatisfiable
from solver.limits import Limits, Stopwatch
from solver.network import Network
from solver.presolve import fits_back_ends
from solver.whole_orders import choose_whole

CANONICAL_UP_TO = 400
"""Arcs up to which the canonical one among equal optima is looked for."""


@dataclass(frozen=True, eq=False)
class Ruled:
    """What was found in a network with rules.

    Attributes
    ----------
    choice : int64 array, shape (n_orders,)
        The arc of each order, that with the most lots where there are several; -1: backlog.
    lots : int64 array, shape (n_arcs,)
    supplies : int64 array, shape (n_supplies,)
    objective, bound : int
    proof : str
    """

    choice: Column
    lots: Column
    supplies: Column
    objective: int
    bound: int
    proof: str


def optimise_ruled(network: Network, limits: Limits, watch: Stopwatch, backend: str = "cp_sat") -> Ruled:
    """Return the best decision on a network with rules, with its proof, within the limits."""
    from solver.backends import solve_mip  # OR-Tools takes long to import and the baselines never need it

    start = best_whole(network)
    forced = bool(network.written_rules.must_serve.any())
    ceiling = trivial_bound(network)
    if not forced and (start.objective >= ceiling or watch.left <= 0 or not fits_back_ends(network)):
        return _with_bound(start, max(ceiling, start.objective), "exact")
    if forced:
        return _forced(network, limits, watch, backend, ceiling)
    answer = solve_mip(
        network,
        backend,
        seconds=watch.left,
        threads=limits.threads,
        cancelled=limits.cancelled,
        hint=start.choice,
    )
    best, bound = start, ceiling if answer.bound is None else min(ceiling, answer.bound)
    if answer.choice is not None and answer.lots is not None and answer.supplies is not None:
        objective = objective_of(network, answer.lots, answer.supplies)
        if objective > start.objective and feasible(network, answer.lots, answer.supplies):
            best = Ruled(answer.choice, answer.lots, answer.supplies, objective, objective, answer.proof)
    found = _with_bound(best, max(bound, best.objective), answer.proof)
    return canonical(network, found, limits, watch) if found.bound == found.objective else found


def canonical(network: Network, found: Ruled, limits: Limits, watch: Stopwatch) -> Ruled:
    """Return the canonical one among the decisions that are worth as much as `found`, which is optimal."""
    from solver.ties import canonical_decision

    if network.n_arcs > CANONICAL_UP_TO or watch.left <= 0:
        return found
    choice, lots, supplies = canonical_decision(
        network,
        (found.choice, found.lots, found.supplies),
        found.objective,
        seconds=watch.left,
        cancelled=limits.cancelled,
    )
    if choice is None or lots is None or supplies is None:
        return found
    return Ruled(choice, lots, supplies, found.objective, found.bound, found.proof)


def _forced(network: Network, limits: Limits, watch: Stopwatch, backend: str, ceiling: int) -> Ruled:
    """Return the best decision that serves what has to be served, where no baseline can be the beginning.

    Raises
    ------
    Unsatisfiable
        If there is none.
    SolverError
        If none was found in time.
    """
    from solver.backends import solve_mip

    must = network.written_rules.must_serve.astype(bool)
    if must[np.diff(network.order_start) == 0].any():
        raise Unsatisfiable("an order that has to be served has nowhere to go")
    answer = solve_mip(network, backend, seconds=watch.left, threads=limits.threads, cancelled=limits.cancelled)
    if answer.choice is None or answer.lots is None or answer.supplies is None:
        raise SolverError("no decision that serves every order that has to be served was found in time")
    objective = objective_of(network, answer.lots, answer.supplies)
    bound = ceiling if answer.bound is None else min(ceiling, answer.bound)
    return Ruled(answer.choice, answer.lots, answer.supplies, objective, max(bound, objective), answer.proof)


def best_whole(network: Network) -> Ruled:
    """Return the best baseline."""
    choices = [choose_whole(network, method) for method in greedy.GREEDY.values()]
    return max((of_choice(network, choice) for choice in choices), key=lambda found: found.objective)


def of_choice(network: Network, choice: Column) -> Ruled:
    """Return a choice of whole orders, without supplies, written out in lots."""
    rules = network.written_rules
    lots = np.zeros(network.n_arcs, np.int64)
    served = np.flatnonzero(choice >= 0)
    lots[choice[served]] = rules.lots[served]
    supplies = np.zeros(rules.n_supplies, np.int64)
    objective = objective_of(network, lots, supplies)
    return Ruled(choice, lots, supplies, objective, objective, "none")


def objective_of(network: Network, lots: Column, supplies: Column) -> int:
    """Return what a decision is worth: equation (1), in Python integers."""
    rules = network.written_rules
    value = sum(s * x for s, x in zip(network.score.tolist(), lots.tolist(), strict=True))
    value += sum(rules.score_fixed[lots > 0].tolist())
    value -= sum(e * t for e, t in zip(rules.supply_cost.tolist(), supplies.tolist(), strict=True))
    value -= sum(rules.supply_once_cost[supplies > 0].tolist())
    children = np.bincount(network.order[lots > 0], minlength=network.n_orders)
    further = np.maximum(children - 1, 0)
    return int(value - sum(p * n for p, n in zip(rules.split_cost.tolist(), further.tolist(), strict=True)))


def trivial_bound(network: Network) -> int:
    """Return what the orders would be worth if nothing but themselves limited them: no decision can be worth more."""
    return sum(_most_of_order(network, i) for i in range(network.n_orders))


def _most_of_order(network: Network, order: int) -> int:
    """Return the most that an order can be worth: on one arc that carries all of it, or on the best parts."""
    rules = network.written_rules
    arcs = slice(int(network.order_start[order]), int(network.order_start[order + 1]))
    size = int(rules.lots[order])
    columns = (network.score[arcs], rules.score_fixed[arcs], rules.min_lots[arcs])
    parts, whole = [(0, 0)], 0
    for score, fixed, fewest in zip(*(column.tolist() for column in columns), strict=True):
        if fewest == size:
            whole = max(whole, score * size + fixed)
        else:
            parts.append((score, fixed))
    gifts = sorted((max(fixed, 0) for _, fixed in parts), reverse=True)[: int(rules.max_children[order])]
    return max(whole, size * max(score for score, _ in parts) + sum(gifts))


def feasible(network: Network, lots: Column, supplies: Column) -> bool:
    """Return whether no row is overdrawn, in Python integers; back-ends with tolerances may overdraw a little."""
    used = network.draws(lots, supplies)
    return all(draws <= holds for draws, holds in zip(used, network.capacity.tolist(), strict=True))


def _with_bound(found: Ruled, bound: int, proof: str) -> Ruled:
    return Ruled(found.choice, found.lots, found.supplies, found.objective, bound, proof)
