"""The method table: one call for every way of deciding a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from solver import allocation, exact, ruled
from solver.checker import verify
from solver.columns import Column
from solver.dual import best_scores
from solver.eligibility import Eligibility, compile_problem
from solver.errors import ProblemError, SolverError
from solver.exact import Outcome
from solver.greedy import GREEDY
from solver.limits import Limits, Stopwatch
from solver.network import Network
from solver.presolve import fits_back_ends, presolve
from solver.prices import price
from solver.problem import Problem
from solver.solution import Solution, Status
from solver.whole_orders import choose_whole

MIP_ARCS = 200_000
"""Most arcs that method ``mip`` hands to a back-end."""

_TIGHTENINGS = 3
_TOLERANCE_SHIFT = 18
"""A row is overdrawn by less than its capacity over two to the power of this: some millionths."""


def solve_network(
    network: Network, method: str = "optimal", limits: Limits | None = None, start: Solution | None = None
) -> Solution:
    """Decide a network.

    Parameters
    ----------
    network : Network
    method : str
        ``optimal`` (the exact method), ``mip`` (the whole formulation in one back-end), or a baseline: ``greedy``
        (the desk's own), ``greedy-priority``, ``greedy-density``, ``greedy-regret``.
    limits : Limits, optional
    start : Solution, optional
        A solution of the same or a similar network to begin with; only ``optimal`` uses it.

    Returns
    -------
    Solution
        Without tables.

    Raises
    ------
    ProblemError
        If the method is unknown or the network too large for it.
    SolverError
        If a back-end breaks.
    """
    limits = limits or Limits()
    if method not in METHODS:
        raise ProblemError(f"method: {method!r} is not one of {', '.join(METHODS)}")
    watch = Stopwatch(limits)
    if network.rules is not None:
        return _solve_ruled(network, method, limits, watch)
    outcome = METHODS[method](network, limits, watch, None if start is None else _arcs_of(network, start.choice))
    objective = exact.score_of(network, outcome.choice)
    given = np.where(outcome.choice >= 0, network.position[outcome.choice], -1) if network.n_arcs else outcome.choice
    return Solution(
        choice=given.astype(np.int64),
        objective=objective,
        bound=outcome.bound,
        status=_status(method, objective, outcome.bound, limits),
        proof=outcome.proof,
        prices=outcome.prices,
        method=method,
        seconds=watch.elapsed,
    )


def _solve_ruled(network: Network, method: str, limits: Limits, watch: Stopwatch) -> Solution:
    """Decide a network with rules; the plain methods know nothing of them."""
    if method in GREEDY:
        from solver.backends import relaxation_bound

        found = ruled.of_choice(network, choose_whole(network, GREEDY[method]))
        relaxed = relaxation_bound(network, watch.left, watch.cancelled) if fits_back_ends(network) else None
        bound = ruled.trivial_bound(network) if relaxed is None else min(relaxed, ruled.trivial_bound(network))
        found = replace(found, bound=max(bound, found.objective), proof="exact" if relaxed is None else "floating")
    else:
        backend = _mip_backend(network, limits) if method == "mip" else "cp_sat"
        found = ruled.optimise_ruled(network, limits, watch, backend)
    given = np.where(found.choice >= 0, network.position[found.choice], -1) if network.n_arcs else found.choice
    lots = np.zeros(network.n_arcs, np.int64)
    lots[network.position] = found.lots
    return Solution(
        choice=given.astype(np.int64),
        objective=found.objective,
        bound=found.bound,
        status=_status(method, found.objective, found.bound, limits),
        proof=found.proof,
        prices=_relaxation_prices(network, watch),
        method=method,
        seconds=watch.elapsed,
        lots=lots,
        supplies=found.supplies,
    )


def _relaxation_prices(network: Network, watch: Stopwatch) -> npt.NDArray[np.float64]:
    from solver.backends import relaxation_prices

    return relaxation_prices(network, max(watch.left, 0.1)) if network.n_arcs else np.zeros(network.n_rows)


def _mip_backend(network: Network, limits: Limits) -> str:
    """Return the back-end that method ``mip`` hands `network` to, or refuse."""
    from solver.backends import BACKENDS

    backend = limits.backend or "scip"
    if backend not in BACKENDS:
        raise ProblemError(f"limits.backend: {backend!r} is not one of {', '.join(BACKENDS)}")
    if network.n_arcs > MIP_ARCS:
        raise ProblemError(f"method mip takes at most {MIP_ARCS:,} arcs, got {network.n_arcs:,}; use method optimal")
    return backend


def solve(
    problem: Problem,
    method: str = "optimal",
    limits: Limits | None = None,
    *,
    eligibility: Eligibility | None = None,
) -> Solution:
    """Decide a batch of the desk; the same as `solve_network`, with tables.

    The answer is checked by `solver.verify` before it is returned.

    Parameters
    ----------
    problem : Problem
    method, limits
        See `solve_network`.
    eligibility : Eligibility, optional
        ``compile_problem(problem)``, for callers that decide one problem by several methods.

    Raises
    ------
    ProblemError
        If the method is unknown.
    SolverError
        If a back-end breaks or the answer violates a rule: our bug.
    """
    eligibility = eligibility or compile_problem(problem)
    solution = solve_network(eligibility.network, method, limits)
    solution = replace(solution, allocation=allocation.allocate(problem, eligibility, solution))
    violations = (*verify(eligibility.network, solution), *verify(problem, solution))
    if violations:
        raise SolverError("the answer violates its own rules: " + "; ".join(violations[:5]))
    return solution


def _optimal(network: Network, limits: Limits, watch: Stopwatch, start: Column | None) -> Outcome:
    return exact.optimise(network, limits, watch, start)


def _mip(network: Network, limits: Limits, watch: Stopwatch, start: Column | None) -> Outcome:
    from solver.backends import solve_mip

    backend = _mip_backend(network, limits)
    small = presolve(network)
    if not fits_back_ends(small.network):
        raise ProblemError("method mip cannot carry numbers of this size exactly; use a coarser unit")
    capacity = small.network.capacity
    best, bound, proof = np.full(network.n_orders, -1, np.int64), None, "none"
    for _ in range(_TIGHTENINGS):
        tightened = replace(small.network, capacity=capacity)
        answer = solve_mip(tightened, backend, seconds=watch.left, threads=limits.threads, cancelled=limits.cancelled)
        if bound is None and answer.bound is not None:
            bound, proof = answer.bound, answer.proof
        if answer.choice is None:
            break
        used = np.array(small.network.usage(answer.choice[answer.choice >= 0]), dtype=np.int64).reshape(-1)
        excess = used - small.network.capacity
        if (excess <= 0).all():
            best = answer.choice
            break
        # The back-end's tolerance let a row be overdrawn: ask again with more than that less, keep the first bound.
        less = np.maximum(2 * excess, capacity >> _TOLERANCE_SHIFT)
        capacity = np.maximum(capacity - np.where(excess > 0, less, 0), 0)
    relaxed = int(best_scores(small.network).sum())
    reached = exact.score_of(small.network, best)
    bound = relaxed if bound is None else min(bound, relaxed)
    return Outcome(small.choice_of_original(best), max(bound, reached), proof, np.zeros(network.n_rows))


def _baseline(name: str) -> Callable[[Network, Limits, Stopwatch, Column | None], Outcome]:
    def decide(network: Network, limits: Limits, watch: Stopwatch, start: Column | None) -> Outcome:
        choice = GREEDY[name](network)
        small = presolve(network)
        dual = price(small.network, watch)
        bound = max(dual.bound // small.step * small.step, exact.score_of(network, choice))
        return Outcome(choice, bound, "exact", small.prices_of_original(dual.prices))

    return decide


METHODS: dict[str, Callable[[Network, Limits, Stopwatch, Column | None], Outcome]] = {
    "optimal": _optimal,
    "mip": _mip,
    **{name: _baseline(name) for name in GREEDY},
}
"""Every method by its public name."""


def _status(method: str, objective: int, bound: int, limits: Limits) -> Status:
    if method in GREEDY:
        return Status.HEURISTIC
    if bound == objective:
        return Status.OPTIMAL
    return Status.WITHIN_GAP if bound - objective <= limits.allowance(bound) else Status.FEASIBLE


def _arcs_of(network: Network, given: Column) -> Column | None:
    """Return a choice of arcs as given, in arcs of the sorted network; None if it is of another shape."""
    if len(given) != network.n_orders or (len(given) and given.max(initial=-1) >= network.n_arcs):
        return None
    place = np.empty(network.n_arcs, np.int64)
    place[network.position] = np.arange(network.n_arcs)
    return np.where(given >= 0, place[given], -1).astype(np.int64) if network.n_arcs else given
