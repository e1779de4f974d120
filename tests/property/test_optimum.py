"""The exact method against brute force, and what every method owes every network."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from solver import METHODS, Limits, Network, ProblemError, Solution, Status, solve_network, verify
from tests.property.networks import (
    FAMILIES,
    Arc,
    Instance,
    brute_force,
    permuted,
    random_instance,
    with_brokers_renamed,
)

CHUNK = 100
CHUNKS = 20
NIGHTLY_CHUNKS = 200
BASELINES = tuple(method for method in METHODS if method.startswith("greedy"))


def check_all_methods(seed: int) -> None:
    instance = random_instance(seed)
    best, network = brute_force(instance), instance.network()
    exact = solve_network(network)
    assert (exact.objective, exact.bound, exact.status, exact.proof) == (best, best, Status.OPTIMAL, "exact")
    assert verify(network, exact) == ()
    for method in BASELINES:
        solution = solve_network(network, method)
        assert verify(network, solution) == ()
        assert solution.status == Status.HEURISTIC
        assert solution.objective <= best <= solution.bound


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_optimum_is_that_of_brute_force(chunk: int) -> None:
    """On every small network the optimum is brute force's and proven, and no bound of any method lies below it."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_all_methods(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(CHUNKS, CHUNKS + NIGHTLY_CHUNKS))
def test_the_optimum_is_that_of_brute_force_at_length(chunk: int) -> None:
    """The same on twenty thousand more networks."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check_all_methods(seed)


@pytest.mark.parametrize("backend", ["scip", "highs", "cp_sat"])
def test_every_back_end_finds_the_optimum(backend: str) -> None:
    """The whole formulation in one back-end has the optimum of brute force, and its bound does not lie below it."""
    for seed in range(10_000, 10_300):
        instance = random_instance(seed)
        network = instance.network()
        solution = solve_network(network, "mip", Limits(backend=backend))
        assert verify(network, solution) == (), instance.name
        assert (solution.objective, solution.bound) == (brute_force(instance),) * 2, instance.name
        assert solution.proof == ("exact" if backend == "cp_sat" else "floating"), instance.name


def test_the_networks_are_of_every_family_and_not_easy() -> None:
    """The random networks cover every family, and most of them are too tight for every order's best arc."""
    contested = dict.fromkeys(FAMILIES, 0)
    for seed in range(10 * len(FAMILIES)):
        instance = random_instance(seed)
        first = [max((a.score for a in instance.arcs if a.order == i), default=0) for i in range(instance.n_orders)]
        contested[FAMILIES[seed % len(FAMILIES)]] += brute_force(instance) < sum(first)
    assert min(contested[family] for family in FAMILIES if family != "loose capital") >= 2
    assert sum(contested.values()) > 5 * len(FAMILIES)


def test_the_same_network_gives_the_same_choice() -> None:
    """The same input twice gives the same plan, whatever the method."""
    for seed in range(54):
        for method in ("optimal", *BASELINES):
            first, second = (solve_network(random_instance(seed).network(), method) for _ in range(2))
            assert np.array_equal(first.choice, second.choice)


def test_more_threads_give_the_same_plan() -> None:
    """The plan does not depend on the number of threads (F91)."""
    for seed in range(60):
        network = random_instance(seed).network()
        one, four = (solve_network(network, limits=Limits(threads=threads)) for threads in (1, 4))
        assert np.array_equal(one.choice, four.choice), seed


def test_permuting_orders_and_arcs_keeps_the_objective() -> None:
    """The value of a network does not depend on the sequence of its orders and arcs."""
    for seed in range(126):
        instance = random_instance(seed)
        optimum = solve_network(instance.network()).objective
        assert solve_network(permuted(instance, seed).network()).objective == optimum, instance.name


def test_renaming_brokers_keeps_the_objective() -> None:
    """The value of a network does not depend on which broker bears which number."""
    for seed in range(126):
        instance = random_instance(seed)
        optimum = solve_network(instance.network()).objective
        assert solve_network(with_brokers_renamed(instance, seed).network()).objective == optimum, instance.name


def test_more_capacity_never_lowers_the_optimum() -> None:
    """A deposit into any pool leaves the optimum as it is or raises it."""
    for seed in range(126):
        rng, instance = random.Random(seed), random_instance(seed)
        row = rng.randrange(len(instance.capacity))
        capacity = list(instance.capacity)
        capacity[row] += rng.choice((1, max(1, capacity[row] // 10), capacity[row] + 5))
        richer = replace(instance, capacity=tuple(capacity))
        assert solve_network(richer.network()).objective >= solve_network(instance.network()).objective


def test_one_more_arc_never_lowers_the_optimum() -> None:
    """A listing more leaves the optimum as it is or raises it."""
    for seed in range(126):
        rng, instance = random.Random(seed), random_instance(seed)
        if not instance.arcs:
            continue
        like = rng.choice(instance.arcs)
        row = rng.randrange(len(instance.capacity))
        arc = Arc(rng.randrange(instance.n_orders), like.score, ((row, rng.randint(0, 9)),), like.broker)
        wider = replace(instance, arcs=(*instance.arcs, arc))
        assert solve_network(wider.network()).objective >= solve_network(instance.network()).objective


@pytest.mark.parametrize(("n_orders", "served"), [(3, 1), (7, 3), (13, 11), (30, 17), (60, 40)])
def test_the_first_of_identical_orders_are_served(n_orders: int, served: int) -> None:
    """Among orders that are the same in everything the earlier ones are served."""
    solution = solve_network(
        Network.assignment(
            n_orders=n_orders,
            order=np.arange(n_orders),
            pool=np.zeros(n_orders, np.int64),
            score=np.full(n_orders, 10),
            need=np.full(n_orders, 5),
            capacity=[5 * served + 4],
        )
    )
    assert solution.choice.tolist() == [*range(served), *[-1] * (n_orders - served)]


def test_the_first_of_identical_orders_are_served_where_each_has_many_arcs() -> None:
    """Ties are decided by the rule however many arcs an order has."""
    n_orders, n_arcs, served = 13, 30, 11
    solution = solve_network(
        Network.assignment(
            n_orders=n_orders,
            order=np.repeat(np.arange(n_orders), n_arcs),
            pool=np.zeros(n_orders * n_arcs, np.int64),
            score=np.full(n_orders * n_arcs, 10),
            need=np.full(n_orders * n_arcs, 5),
            capacity=[5 * served],
        )
    )
    assert solution.choice.tolist() == [*range(0, served * n_arcs, n_arcs), -1, -1]


def test_the_tie_rank_decides_which_identical_orders_are_served() -> None:
    """Where the orders carry a rank among equals, it decides and not their place in the file."""
    instance = Instance(
        "ranked ties", 4, tuple(Arc(i, 10, ((0, 5),), 0) for i in range(4)), (10,), (4,), tie_rank=(3, 0, 2, 1)
    )
    assert solve_network(instance.network()).choice.tolist() == [-1, 1, -1, 3]


def test_fewer_children_among_equal_scores() -> None:
    """Of two plans that score the same the one with fewer children is taken."""
    network = Network.assignment(
        n_orders=3, order=[0, 1, 2], pool=[0, 0, 0], score=[5, 5, 10], need=[5, 5, 10], capacity=[10]
    )
    assert solve_network(network).choice.tolist() == [-1, -1, 2]


def test_ties_are_decided_beside_a_pool_beyond_the_back_ends() -> None:
    """A pool too large for floating point does not keep ties elsewhere from being decided."""
    huge = 2**60
    network = Network.assignment(
        n_orders=5,
        order=[0, 0, 1, 1, 2, 2, 3, 4],
        pool=[0, 1, 0, 2, 0, 2, 3, 3],
        score=[10, 1000, 10, 10, 10, 10, 5, 5],
        need=[huge, 1, 1, 1, 1, 1, 2, 2],
        capacity=[huge, 1, 1, 3],
    )
    solution = solve_network(network)
    assert (solution.objective, solution.status) == (1025, Status.OPTIMAL)
    assert solution.choice.tolist() == [1, 2, 4, 6, -1]


def enlarged(seed: int) -> Instance:
    """Return a small network in numbers of which many pass 2**53 and some pass 2**62."""
    rng, instance = random.Random(seed), random_instance(seed)
    score, need = rng.choice((1, 2**40, 2**48, 2**52)), rng.choice((1, 2**40, 2**50, 2**54))
    arcs = tuple(
        replace(
            arc,
            score=arc.score * score + rng.randint(0, 3),
            entries=tuple((row, drawn * need + rng.randint(0, 3)) for row, drawn in arc.entries),
        )
        for arc in instance.arcs
    )
    return replace(instance, arcs=arcs, capacity=tuple(c * need + rng.randint(0, 9) for c in instance.capacity))


def test_numbers_near_the_edge_of_64_bits_are_right_or_refused() -> None:
    """Scores and needs near 2**53, 2**62 and beyond give brute force's optimum, or are refused; nothing wraps."""
    solved = refused = 0
    for seed in range(240):
        instance = enlarged(seed)
        try:
            network = instance.network()
        except ProblemError:
            largest = max(
                *instance.capacity,
                sum(arc.score for arc in instance.arcs),
                sum(need for arc in instance.arcs for _, need in arc.entries),
            )
            assert largest >= 2**63
            refused += 1
            continue
        best = brute_force(instance)
        for method in ("optimal", *BASELINES):
            solution = solve_network(network, method)
            assert verify(network, solution) == ()
            assert solution.objective <= best <= solution.bound
        exact = solve_network(network)
        assert (exact.objective, exact.bound, exact.status, exact.proof) == (best, best, Status.OPTIMAL, "exact")
        solved += 1
    assert min(solved, refused) > 60


@pytest.mark.parametrize("backend", ["scip", "highs", "cp_sat"])
def test_a_floating_bound_is_not_believed_to_the_last_digit(backend: str) -> None:
    """Beyond what floating point resolves a back-end's answer is refused or its bound is widened; never too low."""
    for seed in range(200):
        instance = enlarged(seed)
        try:
            network = instance.network()
            solution = solve_network(network, "mip", Limits(backend=backend))
        except ProblemError:
            continue
        assert verify(network, solution) == (), instance.name
        assert solution.objective <= brute_force(instance) <= solution.bound, instance.name


def hard_network(n_orders: int, seed: int) -> Network:
    """Return a tight network with value-weighted scores that no greedy and no relaxation closes at once."""
    rng = np.random.default_rng(seed)
    amount = (rng.lognormal(10, 1.5, n_orders) * 100).astype(np.int64)
    weight = rng.choice([1, 2, 4], n_orders)
    rank = np.argsort(rng.random((n_orders, 3)), axis=1).ravel()
    return Network.assignment(
        n_orders=n_orders,
        order=np.repeat(np.arange(n_orders), 3),
        pool=np.tile(np.arange(3), n_orders),
        score=np.repeat(amount * weight, 3) * (100 - rank) // 100,
        need=np.repeat(amount, 3) + rng.integers(0, 1000, 3 * n_orders),
        capacity=np.full(3, int(amount.sum() * 0.7 / 3)),
    )


@pytest.mark.parametrize("seconds", [1e-9, 1e-3, 0.02])
def test_a_tiny_time_limit_gives_a_feasible_answer_with_a_true_bound(seconds: float) -> None:
    """Cut short, a method answers FEASIBLE with a choice that fits and a bound that the optimum respects (F88)."""
    network = hard_network(20, 20)
    optimum = solve_network(network, limits=Limits(seconds=60.0))
    assert optimum.status == Status.OPTIMAL
    for method in ("optimal", "mip"):
        solution = solve_network(network, method, Limits(seconds=seconds))
        assert solution.status == Status.FEASIBLE
        assert verify(network, solution) == ()
        assert solution.objective <= optimum.objective <= solution.bound
        assert solution.surplus > 0
        assert solution.gap > 0


def test_a_gap_that_was_asked_for_is_its_own_status() -> None:
    """A proven gap within the one allowed is WITHIN_GAP, not OPTIMAL, and so is a proven surplus."""
    network = hard_network(40, 40)
    for limits in (Limits(gap=0.02), Limits(surplus=10**8)):
        solution = solve_network(network, limits=limits)
        assert solution.status == Status.WITHIN_GAP
        assert 0 < solution.surplus <= limits.allowance(solution.bound)


# HiGHS cannot be interrupted from outside.
@pytest.mark.parametrize(("method", "backend"), [("optimal", None), ("mip", "scip"), ("mip", "cp_sat")])
def test_cancelling_ends_the_search_promptly(method: str, backend: str | None) -> None:
    """A cancelled search ends within a second or two, with a choice that fits and a true bound."""
    network, cancelled = hard_network(1000, 5), threading.Event()
    timer = threading.Timer(0.7, cancelled.set)
    timer.start()
    begin = time.monotonic()
    solution = solve_network(network, method, Limits(seconds=120.0, backend=backend, cancelled=cancelled))
    assert time.monotonic() - begin < 15
    assert cancelled.is_set()
    assert solution.status == Status.FEASIBLE
    assert verify(network, solution) == ()


@pytest.mark.parametrize("method", METHODS)
def test_a_search_cancelled_beforehand_still_answers(method: str) -> None:
    """With the event set before the call the answer is whatever is cheap, and right."""
    cancelled = threading.Event()
    cancelled.set()
    network = hard_network(50, 1)
    solution = solve_network(network, method, Limits(cancelled=cancelled))
    assert verify(network, solution) == ()
    assert solution.bound >= solution.objective


def test_a_start_is_never_made_worse_and_never_believed() -> None:
    """A start that fits is a floor under the answer; one that does not fit, or of another shape, is ignored."""
    network = hard_network(20, 20)
    best = solve_network(network, limits=Limits(seconds=60.0))
    again = solve_network(network, limits=Limits(seconds=1e-9), start=best)
    assert again.objective == best.objective
    greedy = np.arange(0, 60, 3, dtype=np.int64)
    for wrong in (greedy, greedy[:5], np.full(20, 999), np.full(20, -7)):
        start: Solution = replace(best, choice=wrong)
        solution = solve_network(network, limits=Limits(seconds=60.0), start=start)
        assert (solution.objective, verify(network, solution)) == (best.objective, ())


def test_an_empty_network_is_decided() -> None:
    """No orders, no arcs and no pools are answered by every method with nothing, proven."""
    for n_orders, capacity in ((0, []), (3, []), (3, [5])):
        network = Network.assignment(n_orders=n_orders, order=[], pool=[], score=[], need=[], capacity=capacity)
        for method in METHODS:
            solution = solve_network(network, method)
            assert solution.choice.tolist() == [-1] * n_orders
            assert (solution.objective, solution.bound, verify(network, solution)) == (0, 0, ())
