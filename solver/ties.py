"""The canonical one among equally good decisions, so that the same input gives the same plan.

Fewer children first; then the orders that come first by `Network.tie_rank` are served, by the arc that comes first as
given. Decided after the solve, not by bending the objective: lexicographically in blocks of orders, each block one
CP-SAT call whose effort is bounded in deterministic time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from ortools.sat.python import cp_model

from solver.attendance import attended
from solver.backends import Taken, add_hint, cp_sat_model, cp_sat_solver, taken
from solver.formulation import formulate
from solver.network import Network

_WEIGHT = 2**40
"""Most weight that one block of ties is decided with, so that sums stay far from 64 bits."""

_EFFORT = 0.25
"""Deterministic seconds of CP-SAT for one block."""


def canonical_decision(
    network: Network, found: Taken, value: int, *, seconds: float, cancelled: threading.Event | None = None
) -> Taken:
    """Return the canonical one among the decisions that are worth as much as `found`.

    Parameters
    ----------
    network : Network
        Only the arcs that can be part of an equally good decision.
    found : Taken
        Choice, lots and supplies; lots and supplies may be None where the network has no rules.
    value : int
        What it is worth.
    seconds : float
        Wall time of all of it; what is undecided by then stays as it is.
    cancelled : threading.Event, optional
        Ends it when it is set.
    """
    formulation = formulate(network)
    model, variables, goal = cp_sat_model(formulation)
    y = [variables[variable.id] for variable in formulation.y]
    model.clear_objective()  # type: ignore[no-untyped-call]
    model.add(goal >= value)
    deadline = time.monotonic() + seconds
    for weights in _objectives(network):
        left = deadline - time.monotonic()
        if left <= 0 or (cancelled is not None and cancelled.is_set()):
            return found
        expression = cp_model.LinearExpr.weighted_sum([y[arc] for arc in weights], list(weights.values()))
        if found[0] is not None:
            model.clear_hints()  # type: ignore[no-untyped-call]
            add_hint(model, formulation, variables, found[0])
        model.maximize(expression)
        solver = cp_sat_solver(left, 1)
        solver.parameters.max_deterministic_time = _EFFORT
        status = attended(partial(solver.solve, model), solver.stop_search, cancelled)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return found
        values = {
            variable.id: solver.value(own)
            for variable, own in zip(formulation.model.variables(), variables, strict=True)
        }
        found = taken(formulation, lambda variable: values[variable.id])  # noqa: B023 - used before the next block
        if status != cp_model.OPTIMAL:
            return found
        model.add(expression >= sum(weight for arc, weight in weights.items() if solver.value(y[arc])))
    return found


def _objectives(network: Network) -> Iterator[dict[int, int]]:
    """Yield the objectives of the canonical choice, first things first, as weights by arc.

    In a block of orders the arcs of each weigh more than all later ones together.
    """
    yield dict.fromkeys(range(network.n_arcs), -1)
    start = network.order_start.tolist()
    ranked = [i for i in np.argsort(network.tie_rank).tolist() if start[i] < start[i + 1]]
    for block in _blocks([(i, start[i + 1] - start[i] + 1) for i in ranked]):
        weights: dict[int, int] = {}
        unit = 1
        for i in reversed(block):
            arcs = sorted(range(start[i], start[i + 1]), key=lambda arc: network.position[arc])
            for place, arc in enumerate(reversed(arcs), start=1):
                weights[arc] = place * unit
            unit *= len(arcs) + 1
        yield weights


def _blocks(options: list[tuple[int, int]], most: int = 12) -> Iterator[list[int]]:
    """Yield (order, number of options) as blocks of orders whose options multiply to no more than `_WEIGHT`."""
    block: list[int] = []
    product = 1
    for order, count in options:
        if block and (len(block) == most or product * count > _WEIGHT):
            yield block
            block, product = [], 1
        block.append(order)
        product *= count
    if block:
        yield block
