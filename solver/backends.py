"""Handing a formulation to an OR-Tools solver, and reading its answer without believing more than it proves.

SCIP and HiGHS run through MathOpt; they work with tolerances, so a bound of theirs is floating. CP-SAT works in
integers: the model is passed on coefficient by coefficient instead of through MathOpt's own bridge, which may scale
the objective and reports its bound as a float.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
import numpy.typing as npt
from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model
from ortools.util.python import solve_interrupter

from solver.attendance import attended
from solver.columns import FLOAT_EXACT, Column
from solver.errors import SolverError, Unsatisfiable
from solver.formulation import Formulation, formulate, row_units
from solver.network import Network

_MATHOPT = {"scip": mathopt.SolverType.GSCIP, "highs": mathopt.SolverType.HIGHS}
BACKENDS = (*_MATHOPT, "cp_sat")
"""The back-ends of method ``mip``."""

_BOUND_ERROR = 2.0**-40
"""Relative error that is added to a bound of floating point: one that was reported too low by 3e-13 has been seen."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a back-end found.

    Attributes
    ----------
    choice : int64 array, shape (n_orders,), or None
        Arc of each order, that with the most lots where there are several, -1 for none; None if nothing was found
        in time.
    lots : int64 array, shape (n_arcs,), or None
        Lots of each arc.
    supplies : int64 array, shape (n_supplies,), or None
        Units of each supply.
    bound : int or None
        No choice scores more; None if nothing was proven.
    proof : str
        ``exact`` or ``floating``.
    """

    choice: Column | None
    lots: Column | None
    supplies: Column | None
    bound: int | None
    proof: str


def relaxation_prices(
    network: Network, seconds: float, cancelled: threading.Event | None = None
) -> npt.NDArray[np.float64]:
    """Return the row prices at which the linear relaxation is solved; zeros if it was not solved in time.

    Returns
    -------
    float array, shape (n_rows,)
        Points per unit; rows without arcs have price zero.
    """
    begin = time.monotonic()
    formulation = formulate(network, relaxed=True, scaled=True)
    left = seconds - (time.monotonic() - begin)
    result = _solve(formulation, mathopt.SolverType.GLOP, mathopt.SolveParameters(), left, cancelled)
    prices, unit = np.zeros(network.n_rows), row_units(network)
    if result.has_dual_feasible_solution():
        duals = result.dual_values()
        for row, constraint in formulation.rows.items():
            prices[row] = max(0.0, duals[constraint]) / unit[row]
    return prices


def relaxation_bound(network: Network, seconds: float, cancelled: threading.Event | None = None) -> int | None:
    """Return the value of the linear relaxation, rounded so that its error cannot make it too low; None if late."""
    begin = time.monotonic()
    formulation = formulate(network, relaxed=True, scaled=True)
    left = seconds - (time.monotonic() - begin)
    result = _solve(formulation, mathopt.SolverType.GLOP, mathopt.SolveParameters(), left, cancelled)
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        return None
    value = float(result.objective_value())
    return math.floor(value + max(0.5, _BOUND_ERROR * abs(value)))


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
    begin = time.monotonic()
    formulation = formulate(network, scaled=True)
    left = seconds - (time.monotonic() - begin)
    result = _solve(formulation, _MATHOPT[backend], parameters, left, cancelled)
    found: Taken = (None, None, None)
    if result.has_primal_feasible_solution():
        values = result.variable_values()
        found = taken(formulation, lambda variable: round(values[variable]))
    dual_bound = result.termination.objective_bounds.dual_bound
    slack = max(0.5, _BOUND_ERROR * abs(dual_bound))
    return Answer(*found, math.floor(dual_bound + slack) if math.isfinite(dual_bound) else None, "floating")


def _solve(
    formulation: Formulation,
    solver: mathopt.SolverType,
    parameters: mathopt.SolveParameters,
    seconds: float,
    cancelled: threading.Event | None,
) -> mathopt.SolveResult:
    parameters.time_limit = timedelta(seconds=max(seconds, 0.001))
    # SCIP reports errors of its own as soon as it is given an interrupter, so it only gets one that is asked for.
    deaf = solver == mathopt.SolverType.HIGHS or (solver == mathopt.SolverType.GSCIP and cancelled is None)
    interrupter = None if deaf else solve_interrupter.SolveInterrupter()
    search = partial(mathopt.solve, formulation.model, solver, params=parameters, interrupter=interrupter)
    try:
        result = attended(search, interrupter and interrupter.interrupt, cancelled)
    except (AttributeError, RuntimeError, ValueError) as error:
        # The wheel raises AttributeError for a status that is not ok: the message is all there is.
        raise SolverError(f"{solver.name} failed: {error.__context__ or error}") from error
    forced = bool(formulation.rules.must_serve.any())
    if forced and result.termination.reason == mathopt.TerminationReason.INFEASIBLE:
        raise Unsatisfiable("no decision serves every order that has to be served")
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
    network: Network,
    seconds: float,
    threads: int,
    cancelled: threading.Event | None,
    hint: Column | None,
) -> Answer:
    begin = time.monotonic()
    formulation = formulate(network)
    model, variables, _ = cp_sat_model(formulation)
    if hint is not None:
        add_hint(model, formulation, variables, hint)
    solver = cp_sat_solver(seconds - (time.monotonic() - begin), threads)
    status = attended(partial(solver.solve, model), solver.stop_search, cancelled)
    if status == cp_model.INFEASIBLE and formulation.rules.must_serve.any():
        raise Unsatisfiable("no decision serves every order that has to be served")
    if status in (cp_model.MODEL_INVALID, cp_model.INFEASIBLE):
        raise SolverError(f"CP-SAT: {solver.status_name(status)} {model.validate()}")
    if status == cp_model.UNKNOWN:
        return Answer(None, None, None, None, "exact")
    # CP-SAT minimises the negated objective in integers; its bound as a float could be off by rounding.
    bound = -int(solver.response_proto.inner_objective_lower_bound)
    found = taken(formulation, lambda variable: solver.value(variables[variable.id]))
    return Answer(*found, bound, "exact")


def cp_sat_solver(seconds: float, threads: int) -> cp_model.CpSolver:
    """Return CP-SAT with the settings that prove assignment problems best: a strong linear relaxation."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.001)
    solver.parameters.num_workers = threads
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = 1
    # Its own handler takes Ctrl-C for "enough" and leaves the process without any.
    solver.parameters.catch_sigint_signal = False
    return solver


def cp_sat_model(
    formulation: Formulation,
) -> tuple[cp_model.CpModel, list[cp_model.IntVar], cp_model.LinearExprT]:
    """Return a formulation as a CP-SAT model, coefficient by coefficient; its variables by MathOpt id; its goal."""
    proto = formulation.model.export_model()
    model = cp_model.CpModel()
    bounds = zip(proto.variables.lower_bounds, proto.variables.upper_bounds, strict=True)
    variables = [model.new_int_var(_integer(lower), _integer(upper), "") for lower, upper in bounds]
    terms: dict[int, tuple[list[cp_model.IntVar], list[int]]] = {}
    matrix = proto.linear_constraint_matrix
    for row, column, value in zip(matrix.row_ids, matrix.column_ids, matrix.coefficients, strict=True):
        names, coefficients = terms.setdefault(row, ([], []))
        names.append(variables[column])
        coefficients.append(_integer(value))
    constraints = proto.linear_constraints
    limits = zip(constraints.ids, constraints.lower_bounds, constraints.upper_bounds, strict=True)
    for row, lower, upper in limits:
        if row in terms:
            domain = cp_model.Domain(_end(lower), _end(upper))
            model.add_linear_expression_in_domain(cp_model.LinearExpr.weighted_sum(*terms[row]), domain)
    objective = proto.objective.linear_coefficients
    scores = [_integer(value) for value in objective.values]
    goal = cp_model.LinearExpr.weighted_sum([variables[column] for column in objective.ids], scores)
    model.maximize(goal)
    return model, variables, goal


def add_hint(
    model: cp_model.CpModel, formulation: Formulation, variables: list[cp_model.IntVar], choice: Column
) -> None:
    """Hint at a choice of whole orders on single arcs, without supplies."""
    rules = formulation.rules
    chosen = {int(arc): int(rules.lots[i]) for i, arc in enumerate(choice) if arc >= 0}
    for arc, variable in enumerate(formulation.y):
        model.add_hint(variables[variable.id], arc in chosen)
    for arc, variable in formulation.x.items():
        model.add_hint(variables[variable.id], chosen.get(arc, 0))
    for i, variable in formulation.r.items():
        model.add_hint(variables[variable.id], bool(choice[i] >= 0))
    for variable in (*formulation.t, *formulation.u.values()):
        model.add_hint(variables[variable.id], 0)


def _end(value: float) -> int:
    """Return the end of a constraint's range as CP-SAT writes it."""
    if math.isinf(value):
        return cp_model.INT_MIN if value < 0 else cp_model.INT_MAX
    return _integer(value)


def _integer(value: float) -> int:
    """Return a coefficient of the model as the integer it was built from."""
    if not abs(value) <= FLOAT_EXACT:
        raise SolverError(f"coefficient {value} is beyond 2**53 and would be rounded; use a coarser unit")
    return int(value)


def _choice(network: Network, arcs: list[int]) -> Column:
    choice = np.full(network.n_orders, -1, np.int64)
    choice[network.order[arcs]] = arcs
    return choice


Taken = tuple[Column | None, Column | None, Column | None]
"""Choice, lots and supplies of an `Answer`."""


def taken(formulation: Formulation, value: Callable[[mathopt.Variable], int]) -> Taken:
    """Return what a back-end chose, from the values of its variables."""
    network, rules = formulation.network, formulation.rules
    lots = np.zeros(network.n_arcs, np.int64)
    for arc, variable in enumerate(formulation.y):
        if value(variable):
            lots[arc] = value(formulation.x[arc]) if arc in formulation.x else rules.min_lots[arc]
    supplies = np.array([value(variable) for variable in formulation.t], dtype=np.int64)
    used = np.flatnonzero(lots)
    ranked = used[np.argsort(lots[used], kind="stable")]
    return _choice(network, ranked.tolist()), lots, supplies
