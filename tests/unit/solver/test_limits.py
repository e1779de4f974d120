"""Laws of the limits of a search."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from solver import Limits, Network, ProblemError, Status, solve_network
from solver.limits import LONGEST, Stopwatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("seconds", value) for value in (0, -1, float("nan"), float("inf"), "10", None, True)),
        *(("gap", value) for value in (1, -0.1, float("nan"), "0.1", None)),
        *(("surplus", value) for value in (-1, 1.5, "1", True)),
        *(("threads", value) for value in (0, -2, 1.5, "2", None, True)),
    ],
)
def test_a_limit_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    """A limit of the wrong kind or size is a ProblemError that names it."""
    with pytest.raises(ProblemError, match=rf"limits\.{name}: must"):
        Limits(**{name: value})


def test_numbers_of_numpy_are_numbers() -> None:
    """Limits may come out of a table."""
    limits = Limits(seconds=np.float64(2), gap=np.float32(0.5), surplus=np.int64(3), threads=np.int64(2))
    assert limits.allowance(100) == 50


def test_the_larger_allowance_counts() -> None:
    """Gap and surplus allow as much as the more generous of them."""
    assert Limits(gap=0.1).allowance(1_000) == 100
    assert Limits(gap=0.1, surplus=250).allowance(1_000) == 250
    assert Limits().allowance(10**18) == 0


def test_the_stopwatch_stands_still_when_cancelled() -> None:
    """A cancelled search has no time left, whatever its limit."""
    cancelled = threading.Event()
    watch = Stopwatch(Limits(seconds=100.0, cancelled=cancelled))
    assert 0 < watch.left <= 100
    cancelled.set()
    assert watch.left == 0


def test_a_limit_of_ages_is_no_error() -> None:
    """More seconds than a back-end can count are as good as none."""
    assert Stopwatch(Limits(seconds=1e18)).left == LONGEST
    network = Network.assignment(
        n_orders=3, order=[0, 1, 2], pool=[0, 0, 0], score=[5, 6, 7], need=[2, 3, 4], capacity=[6]
    )
    for method in ("optimal", "mip"):
        assert solve_network(network, method, Limits(seconds=1e18)).status == Status.OPTIMAL


def test_unknown_methods_and_back_ends_are_refused_with_the_known_ones() -> None:
    """A misspelt method or back-end is a ProblemError that lists what there is."""
    network = Network.assignment(n_orders=1, order=[0], pool=[0], score=[1], need=[1], capacity=[1])
    with pytest.raises(ProblemError, match=r"'optimum' is not one of optimal, mip, greedy"):
        solve_network(network, "optimum")
    with pytest.raises(ProblemError, match=r"'gurobi' is not one of scip, highs, cp_sat"):
        solve_network(network, "mip", Limits(backend="gurobi"))
