"""Laws of the interior point method and of the prices that are found from a sample."""

from __future__ import annotations

import numpy as np
import pytest

from solver import Limits, Network
from solver.backends import relaxation_bound
from solver.dual import evaluate
from solver.interior import interior_prices
from solver.limits import Stopwatch
from solver.presolve import presolve
from solver.prices import SOLVED_WHOLE, price
from tests.property.networks import random_instance


def batch(n_orders: int, n_rows: int, seed: int) -> Network:
    """Return a presolved batch with three pools an order, some orders drawing on a second row too."""
    rng = np.random.default_rng(seed)
    n_arcs = 3 * n_orders
    pool = rng.integers(0, n_rows, n_arcs)
    amount = np.repeat((rng.lognormal(8, 1.2, n_orders) + 10).astype(np.int64), 3)
    second = (pool + 1) % n_rows
    twice = (rng.random(n_arcs) < 0.2) & (second != pool)
    sizes = 1 + twice
    start = np.concatenate(([0], np.cumsum(sizes)))
    row, need = np.repeat(pool, sizes), np.repeat(amount, sizes)
    row[start[1:][twice] - 1], need[start[1:][twice] - 1] = second[twice], amount[twice] // 3 + 1
    network = Network.from_columns(
        n_orders=n_orders,
        order=np.repeat(np.arange(n_orders), 3),
        score=amount * rng.integers(1, 5, n_arcs) + rng.integers(1, 1000, n_arcs),
        entry_start=start,
        entry_row=row,
        entry_need=need,
        capacity=np.full(n_rows, int(amount.sum() / 3 * 0.5 / n_rows) + 1),
        broker=pool,
    )
    return presolve(network).network


@pytest.mark.parametrize("n_rows", [1, 2, 3, 10, 60])
def test_the_prices_solve_the_linear_relaxation(n_rows: int) -> None:
    """At the prices found L is the value of the linear relaxation, whatever the number of rows."""
    for seed in range(3):
        network = batch(300, n_rows, seed)
        watch = Stopwatch(Limits(seconds=60.0))
        found = interior_prices(
            network, network.capacity.astype(np.float64), np.ones(len(network.served_orders[0])), watch
        )
        relaxed = relaxation_bound(network, 60.0)
        assert relaxed is not None
        assert evaluate(network, found).value == pytest.approx(relaxed, rel=1e-8, abs=1)


@pytest.mark.parametrize("n_rows", [3, 10])
def test_a_sample_and_a_box_lead_to_the_same_prices(n_rows: int) -> None:
    """A batch too large to be solved whole has the bound of its relaxation too, up to a ten-millionth."""
    network = batch(2 * SOLVED_WHOLE, n_rows, 7)
    assert len(network.served_orders[0]) > SOLVED_WHOLE
    relaxed = relaxation_bound(network, 60.0)
    assert relaxed is not None
    assert price(network, Stopwatch(Limits(seconds=60.0))).value == pytest.approx(relaxed, rel=1e-7, abs=1)


def test_small_networks_are_priced_too() -> None:
    """Every small network, the degenerate ones included, is priced at its linear relaxation."""
    for seed in range(200):
        network = presolve(random_instance(seed).network()).network
        relaxed = relaxation_bound(network, 10.0)
        assert relaxed is not None
        value = price(network, Stopwatch(Limits())).value
        assert relaxed - 1 <= value + 1e-6 * max(1.0, relaxed)
        assert value <= relaxed + 1 + 1e-8 * relaxed
