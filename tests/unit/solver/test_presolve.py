"""Laws of making a network smaller."""

from __future__ import annotations

import numpy as np

from solver import Network
from solver.presolve import by_inspection, presolve
from tests.property.networks import brute_force, random_instance


def test_what_cannot_be_taken_or_scores_nothing_is_dropped() -> None:
    """An arc that does not fit even alone, or scores nothing, is gone; all others stay."""
    network = Network.assignment(
        n_orders=4, order=[0, 1, 2, 3], pool=[0] * 4, score=[5, 5, 0, 5], need=[8, 9, 1, 0], capacity=[8]
    )
    assert presolve(network).kept.tolist() == [0, 3]


def test_needs_are_divided_and_capacities_rounded_down() -> None:
    """Needs of a row lose their common divisor, its capacity is floored and cut to what could be drawn."""
    network = Network.assignment(
        n_orders=3, order=[0, 1, 2], pool=[0, 0, 1], score=[4, 6, 10], need=[30, 45, 7], capacity=[74, 100]
    )
    small = presolve(network)
    assert small.divisor.tolist() == [15, 7]
    assert small.network.entry_need.tolist() == [2, 3, 1]
    assert small.network.capacity.tolist() == [4, 1]
    assert small.step == 2
    assert small.prices_of_original(np.array([30.0, 7.0])).tolist() == [2.0, 1.0]


def test_presolving_keeps_the_optimum() -> None:
    """The smaller network has the same optimum, a multiple of its step."""
    for seed in range(300):
        instance = random_instance(seed)
        small = presolve(instance.network())
        whole = [brute_force_of(network) for network in (instance.network(), small.network)]
        assert whole == [brute_force(instance)] * 2
        assert whole[0] % small.step == 0


def test_choices_lead_back_to_the_original_arcs() -> None:
    """A choice of the smaller network, in arcs of the original, draws no more than the original holds."""
    for seed in range(200):
        network = random_instance(seed).network()
        small = presolve(network)
        found = by_inspection(small.network)
        if found is None:
            continue
        choice = small.choice_of_original(found)
        taken = choice[choice >= 0]
        assert (network.order[taken] == np.flatnonzero(choice >= 0)).all()
        drawn = network.usage(taken)
        assert all(used <= holds for used, holds in zip(drawn, network.capacity.tolist(), strict=True))


def test_inspection_takes_every_best_arc_or_nothing() -> None:
    """If every order's best arc fits, that is the answer, the earlier arc among equals; otherwise there is none."""
    columns = {"n_orders": 2, "order": [0, 0, 1], "pool": [0, 1, 0], "score": [7, 7, 9], "need": [4, 4, 5]}
    found = by_inspection(Network.assignment(**columns, capacity=[9, 4]))
    assert found is not None
    assert found.tolist() == [0, 2]
    assert by_inspection(Network.assignment(**columns, capacity=[8, 4])) is None


def brute_force_of(network: Network) -> int:
    """Return the optimum of a network by taking every arc of every order in turn."""
    best = {(0,) * network.n_rows: 0}
    for order in range(network.n_orders):
        grown = dict(best)
        for arc in np.flatnonzero(network.order == order).tolist():
            for used, score in best.items():
                drawn = list(used)
                for row, need in network.entries(arc):
                    drawn[row] += need
                if all(amount <= holds for amount, holds in zip(drawn, network.capacity.tolist(), strict=True)):
                    key, worth = tuple(drawn), score + int(network.score[arc])
                    grown[key] = max(grown.get(key, -1), worth)
        best = grown
    return max(best.values())
