"""Handing a formulation to an OR-Tools solver, and reading its answer without believing more than it proves.

SCIP and HiGHS run through MathOpt; they work with tolerances, so a bound of theirs is floating. CP-SAT works in
integers: the model is passed on coefficient by coefficient instead of through MathOpt's own bridge, which may scale
the objective and reports its bound as a float.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model
from ortools.util.python import solve_interrupter

from solver.errors import SolverError
from solver.formulation import Formulation, formulate, row_units
from solver.network import Column, Network

_MATHOPT = {"scip": mathopt.SolverType.GSCIP, "highs": mathopt.SolverType.HIGHS}
BACKENDS = (*_MATHOPT, "cp_sat")
"""The back-ends of method ``mip``."""

_EXACT_FLOAT = 2**53
_BOUND_ERROR = 2.0**-40
"""Relative error that is added to a bound of floating point: one that was reported too low by 3e-13 has been seen."""
_TIE_WEIGHT = 2**40
"""Most weight that one block of ties is decided with, so that sums stay far from 64 bits."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a back-end found.

    Attributes
    ----------
    choice : int64 array, shape (n_orders,), or None
        Arc of each order, -1 for none; None if nothing was found in time.
    bound : int or None
        No choice scores more; None if nothing was proven.
    proof : str
        ``exact`` or ``floating``.
    """

    choice: Column | None
    bound: int | None
    proof: str


def relaxation_prices(network: Network, seconds: float) -> npt.NDArray[np.float64]:
    """Return the row prices at which the linear relaxation is solved; zeros if it was not solved in time.

    Returns
    -------
    float array, shape (n_rows,)
        Points per unit; rows without arcs have price zero.
    """
    formulation = formulate(network, relaxed=True, scaled=True)
    result = _solve(formulation, mathopt.SolverType.GLOP, mathopt.SolveParameters(), seconds, None)
    prices, unit = np.zeros(network.n_rows), row_units(network)
    if result.has_dual_feasible_solution():
        duals = result.dual_values()
        for row, constraint in enumerate(formulation.rows):
            if constraint is not None:
                prices[row] = max(0.0, duals[constraint]) / unit[row]
    return prices


def solve_mip(
    network: Network,
    backend: str,
    *,
    seconds: float,
    threads: int = 1,
    cancelled: threading.Event | None = None,
    hint: Column | None = None,
) -> Answer:
    """Hand the whole programme of `network` to a back-end.

    Parameters
    ----------
    network : Network
    backend : str
        ``scip``, ``highs`` or ``cp_sat``.
    seconds : float
    threads : int
    cancelled : threading.Event, optional
        Ends the search when it is set.
    hint : int64 array, shape (n_orders,), optional
        A feasible choice to start from.

    Raises
    ------
    SolverError
        If the back-end breaks or calls the batch infeasible.
    """
    if backend == "cp_sat":
        return _solve_cp_sat(network, seconds, threads, cancelled, hint)
    parameters = mathopt.SolveParameters(relative_gap_tolerance=0.0, absolute_gap_tolerance=0.0, random_seed=1)
    if backend == "scip":
        parameters.threads = threads
    formulation = formulate(network, scaled=True)
    result = _solve(formulation, _MATHOPT[backend], parameters, seconds, cancelled)
    choice = None
    if result.has_primal_feasible_solution():
        values = result.variable_values(formulation.y)
        choice = _choice(network, [arc for arc, value in enumerate(values) if value > 0.5])
    dual_bound = result.termination.objective_bounds.dual_bound
    slack = max(0.5, _BOUND_ERROR * abs(dual_bound))
    return Answer(choice, math.floor(dual_bound + slack) if math.isfinite(dual_bound) else None, "floating")


def _solve(
    formulation: Formulation,
    solver: mathopt.SolverType,
    parameters: mathopt.SolveParameters,
    seconds: float,
    cancelled: threading.Event | None,
) -> mathopt.SolveResult:
    parameters.time_limit = timedelta(seconds=max(seconds, 0.001))
    # SCIP reports errors of its own as soon as it is given an interrupter, so it only gets one that may be used.
    interrupter = None if cancelled is None else solve_interrupter.SolveInterrupter()
    try:
        with _on_cancel(cancelled, interrupter.interrupt if interrupter else None):
            result = mathopt.solve(formulation.model, solver, params=parameters, interrupter=interrupter)
    except (AttributeError, RuntimeError, ValueError) as error:
        # The wheel raises AttributeError for a status that is not ok: the message is all there is.
        raise SolverError(f"{solver.name} failed: {error.__context__ or error}") from error
    if result.termination.reason in (
        mathopt.TerminationReason.INFEASIBLE,
        mathopt.TerminationReason.UNBOUNDED,
        mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED,
        mathopt.TerminationReason.NUMERICAL_ERROR,
        mathopt.TerminationReason.OTHER_ERROR,
    ):
        raise SolverError(f"{solver.name}: {result.termination.reason.name} {result.termination.detail}")
    return result


def _solve_cp_sat(
    network: Network, seconds: float, threads: int, cancelled: threading.Event | None, hint: Column | None
) -> Answer:
    model, y = _cp_sat_model(network)
    if hint is not None:
        chosen = set(hint[hint >= 0].tolist())
        for arc, variable in enumerate(y):
            model.add_hint(variable, arc in chosen)
    solver = cp_sat_solver(seconds, threads)
    with _on_cancel(cancelled, solver.stop_search):
        status = solver.solve(model)
    if status in (cp_model.MODEL_INVALID, cp_model.INFEASIBLE):
        raise SolverError(f"CP-SAT: {solver.status_name(status)} {model.validate()}")
    if status == cp_model.UNKNOWN:
        return Answer(None, None, "exact")
    # CP-SAT minimises the negated objective in integers; its bound as a float could be off by rounding.
    bound = -int(solver.response_proto.inner_objective_lower_bound)
    return Answer(_choice(network, _taken(solver, y)), bound, "exact")


def canonical_choice(
    network: Network,
    choice: Column,
    *,
    seconds: float,
    cancelled: threading.Event | None = None,
    effort: float = 1.0,
) -> Column:
    """Return the canonical one among the choices that score as much as `choice`.

    Fewer children first; then the orders that come first by `Network.tie_rank` are served, by the arc that comes
    first as given. Decided lexicographically in blocks of orders; each block is one CP-SAT call whose effort is
    bounded in deterministic time, so that the same input gives the same plan on any machine.

    Parameters
    ----------
    network : Network
        Only the arcs that can be part of an equally good choice.
    choice : int64 array, shape (n_orders,)
    seconds : float
        Wall time of all of it; what is undecided by then stays as it is.
    cancelled : threading.Event, optional
        Ends it when it is set.
    effort : float
        Deterministic seconds of CP-SAT a call.
    """
    model, y = _cp_sat_model(network)
    score = int(network.score[choice[choice >= 0]].sum())
    model.clear_objective()  # type: ignore[no-untyped-call]
    model.add(cp_model.LinearExpr.weighted_sum(y, network.score.tolist()) >= score)
    deadline = time.monotonic() + seconds
    for weights in _tie_objectives(network):
        left = deadline - time.monotonic()
        if left <= 0 or (cancelled is not None and cancelled.is_set()):
            return choice
        arcs = list(weights)
        expression = cp_model.LinearExpr.weighted_sum([y[arc] for arc in arcs], list(weights.values()))
        taken = set(choice[choice >= 0].tolist())
        model.clear_hints()  # type: ignore[no-untyped-call]
        for arc, variable in enumerate(y):
            model.add_hint(variable, arc in taken)
        model.maximize(expression)
        solver = cp_sat_solver(left, 1)
        solver.parameters.max_deterministic_time = effort
        with _on_cancel(cancelled, solver.stop_search):
            status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return choice
        choice = _choice(network, _taken(solver, y))
        if status != cp_model.OPTIMAL:
            return choice
        reached = sum(weight for arc, weight in weights.items() if choice[network.order[arc]] == arc)
        model.add(expression >= reached)
    return choice


def _tie_objectives(network: Network) -> Iterator[dict[int, int]]:
    """Yield the objectives of the canonical choice, first things first, as weights by arc.

    In a block of orders the arcs of each weigh more than all later ones together.
    """
    yield dict.fromkeys(range(network.n_arcs), -1)
    start = network.order_start.tolist()
    ranked = [i for i in np.argsort(network.tie_rank).tolist() if start[i] < start[i + 1]]
    for block in _tie_blocks([(i, start[i + 1] - start[i] + 1) for i in ranked]):
        weights: dict[int, int] = {}
        unit = 1
        for i in reversed(block):
            arcs = sorted(range(start[i], start[i + 1]), key=lambda arc: network.position[arc])
            for place, arc in enumerate(reversed(arcs), start=1):
                weights[arc] = place * unit
            unit *= len(arcs) + 1
        yield weights


def _tie_blocks(options: list[tuple[int, int]], most: int = 12) -> Iterator[list[int]]:
    """Yield (order, number of options) as blocks of orders whose options multiply to no more than `_TIE_WEIGHT`."""
    block: list[int] = []
    product = 1
    for order, count in options:
        if block and (len(block) == most or product * count > _TIE_WEIGHT):
            yield block
            block, product = [], 1
        block.append(order)
        product *= count
    if block:
        yield block


def cp_sat_solver(seconds: float, threads: int) -> cp_model.CpSolver:
    """Return CP-SAT with the settings that prove assignment problems best: a strong linear relaxation."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.001)
    solver.parameters.num_workers = threads
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = 1
    return solver


def _cp_sat_model(network: Network) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return the formulation of `network` as a CP-SAT model, coefficient by coefficient."""
    proto = formulate(network).model.export_model()
    model = cp_model.CpModel()
    y = [model.new_int_var(0, 1, "") for _ in proto.variables.ids]
    terms: dict[int, tuple[list[cp_model.IntVar], list[int]]] = {}
    matrix = proto.linear_constraint_matrix
    for row, column, value in zip(matrix.row_ids, matrix.column_ids, matrix.coefficients, strict=True):
        variables, coefficients = terms.setdefault(row, ([], []))
        variables.append(y[column])
        coefficients.append(_integer(value))
    limits = dict(zip(proto.linear_constraints.ids, proto.linear_constraints.upper_bounds, strict=True))
    for row, (variables, coefficients) in terms.items():
        model.add(cp_model.LinearExpr.weighted_sum(variables, coefficients) <= _integer(limits[row]))
    objective = proto.objective.linear_coefficients
    scores = [_integer(value) for value in objective.values]
    model.maximize(cp_model.LinearExpr.weighted_sum([y[column] for column in objective.ids], scores))
    return model, y


def _integer(value: float) -> int:
    """Return a coefficient of the model as the integer it was built from."""
    if not abs(value) <= _EXACT_FLOAT:
        raise SolverError(f"coefficient {value} is beyond 2**53 and would be rounded; use a coarser unit")
    return int(value)


def _choice(network: Network, arcs: list[int]) -> Column:
    choice = np.full(network.n_orders, -1, np.int64)
    choice[network.order[arcs]] = arcs
    return choice


def _taken(solver: cp_model.CpSolver, y: list[cp_model.IntVar]) -> list[int]:
    return [arc for arc, variable in enumerate(y) if solver.value(variable)]


@contextmanager
def _on_cancel(cancelled: threading.Event | None, stop: Callable[[], None] | None) -> Iterator[None]:
    """Call `stop` when `cancelled` is set while the body runs."""
    if cancelled is None or stop is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            if cancelled.is_set():
                stop()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
