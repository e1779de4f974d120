"""Laws of the baselines; the desk's own against its algorithm written anew on plain dictionaries."""

from __future__ import annotations

import random

import numpy as np
import pytest

from solver import Network
from solver.greedy import GREEDY
from tests.property.networks import random_instance


def desks_own(orders: list[dict], balances: dict[int, int]) -> list[int]:
    """Return the broker of each order: fewest brokers first, then the first preferred one with the money."""
    left = dict(balances)
    answer = [-1] * len(orders)
    for index, order in sorted(enumerate(orders), key=lambda pair: len(pair[1]["preferred"])):
        for broker in order["preferred"]:
            if left[broker] >= order["amount"][broker]:
                left[broker] -= order["amount"][broker]
                answer[index] = broker
                break
    return answer


def random_desk(seed: int) -> tuple[list[dict], dict[int, int]]:
    rng = random.Random(seed)
    brokers = range(rng.randint(1, 5))
    orders = []
    for _ in range(rng.randint(0, 40)):
        preferred = rng.sample(brokers, rng.randint(0, len(brokers)))
        orders.append({"preferred": preferred, "amount": {b: rng.randint(0, 50) for b in preferred}})
    return orders, {b: rng.randint(0, 400) for b in brokers}


def network_of(orders: list[dict], balances: dict[int, int], tier: list[int] | None = None) -> Network:
    arcs = [(i, b, order["amount"][b]) for i, order in enumerate(orders) for b in order["preferred"]]
    return Network.from_columns(
        n_orders=len(orders),
        order=np.array([i for i, _, _ in arcs], dtype=np.int64),
        score=np.array([100 - b for _, b, _ in arcs], dtype=np.int64),
        entry_start=np.arange(len(arcs) + 1),
        entry_row=np.array([b for _, b, _ in arcs], dtype=np.int64),
        entry_need=np.array([need for _, _, need in arcs], dtype=np.int64),
        capacity=np.array(list(balances.values()), dtype=np.int64),
        broker=np.array([b for _, b, _ in arcs], dtype=np.int64),
        preference=np.arange(len(arcs)),
        tier=None if tier is None else np.array(tier, dtype=np.int64),
    )


def brokers_of(network: Network, choice: np.ndarray) -> list[int]:
    return [int(network.broker[arc]) if arc >= 0 else -1 for arc in choice]


def test_the_desks_own_greedy_is_the_desks_own_to_the_letter() -> None:
    """(a) sends every order where the desk's algorithm on plain dictionaries sends it."""
    for seed in range(500):
        orders, balances = random_desk(seed)
        network = network_of(orders, balances)
        assert brokers_of(network, GREEDY["greedy"](network)) == desks_own(orders, balances), seed


def test_priority_first_is_the_desks_own_tier_by_tier() -> None:
    """(b) is (a) on each tier in turn, with what the tiers before have left."""
    for seed in range(300):
        orders, balances = random_desk(seed)
        rng = random.Random(seed)
        tier = [rng.randint(1, 3) for _ in orders]
        left, answer = dict(balances), [-1] * len(orders)
        for level in (1, 2, 3):
            members = [i for i, own in enumerate(tier) if own == level]
            for i, broker in zip(members, desks_own([orders[i] for i in members], left), strict=True):
                answer[i] = broker
                if broker >= 0:
                    left[broker] -= orders[i]["amount"][broker]
        network = network_of(orders, balances, tier)
        assert brokers_of(network, GREEDY["greedy-priority"](network)) == answer, seed


def test_density_takes_the_most_score_for_the_least_capacity() -> None:
    """(c) prefers two small orders of high density to a large one of lower density."""
    network = Network.assignment(
        n_orders=3, order=[0, 1, 2], pool=[0, 0, 0], score=[90, 50, 51], need=[100, 50, 50], capacity=[100]
    )
    assert GREEDY["greedy-density"](network).tolist() == [-1, 1, 2]


def test_regret_serves_first_whoever_loses_most() -> None:
    """(d) gives a contested pool to the order whose second best is worst, and moves upwards at the end."""
    network = Network.assignment(
        n_orders=2, order=[0, 0, 1, 1], pool=[0, 1, 0, 1], score=[100, 95, 90, 10], need=[5] * 4, capacity=[5, 5]
    )
    assert GREEDY["greedy-regret"](network).tolist() == [1, 2]


@pytest.mark.parametrize("method", GREEDY)
def test_no_baseline_leaves_an_order_that_still_fits(method: str) -> None:
    """After a baseline no order of the backlog has an arc with points that the capital left would pay for."""
    for seed in range(300):
        network = random_instance(seed).network()
        choice = GREEDY[method](network)
        used = network.usage(choice[choice >= 0])
        left = [holds - draws for holds, draws in zip(network.capacity.tolist(), used, strict=True)]
        for arc in range(network.n_arcs):
            if choice[network.order[arc]] < 0 and network.score[arc] > 0:
                assert any(need > left[row] for row, need in network.entries(arc)), (method, seed, arc)


def test_regret_leaves_no_order_at_a_worse_broker_than_it_could_have() -> None:
    """After (d) no order could move alone to an arc of more points."""
    for seed in range(300):
        network = random_instance(seed).network()
        choice = GREEDY["greedy-regret"](network)
        for arc in range(network.n_arcs):
            order = int(network.order[arc])
            held = int(choice[order])
            if held >= 0 and network.score[arc] > network.score[held]:
                moved = choice.copy()
                moved[order] = arc
                drawn = network.usage(moved[moved >= 0])
                assert any(d > c for d, c in zip(drawn, network.capacity.tolist(), strict=True)), (seed, arc)
