"""Laws of prices: the identity, the bound, and what it rules out."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np

from solver.dual import Dual, best_scores, evaluate
from solver.network import Network
from tests.property.networks import brute_force, random_instance


def random_choice(network: Network, rng: random.Random) -> list[int]:
    """Return a choice of arcs that fits, drawn at random; -1 for the backlog."""
    left, choice = network.capacity.tolist(), [-1] * network.n_orders
    for arc in rng.sample(range(network.n_arcs), network.n_arcs):
        order, entries = int(network.order[arc]), list(network.entries(arc))
        if choice[order] < 0 and rng.random() < 0.7 and all(need <= left[row] for row, need in entries):
            choice[order] = arc
            for row, need in entries:
                left[row] -= need
    return choice


def random_prices(network: Network, rng: random.Random) -> np.ndarray:
    scale = max(1.0, float(network.score.max(initial=1))) / max(1.0, float(network.entry_need.max(initial=1)))
    return np.array([rng.choice((0.0, rng.random() * scale, scale / 3, 1e-9)) for _ in range(network.n_rows)])


def exact_terms(network: Network, dual: Dual, choice: list[int]) -> tuple[Fraction, Fraction, Fraction]:
    """Return L(u), the sum of regrets and u times slack of a choice, in fractions."""
    prices = [Fraction(float(price)) for price in dual.prices]
    reduced = [int(s) - sum(prices[r] * a for r, a in network.entries(j)) for j, s in enumerate(network.score)]
    best = [Fraction(0)] * network.n_orders
    for arc, order in enumerate(network.order.tolist()):
        best[order] = max(best[order], reduced[arc])
    capital = sum(price * int(holds) for price, holds in zip(prices, network.capacity, strict=True))
    regrets = sum(best[i] - (reduced[arc] if arc >= 0 else 0) for i, arc in enumerate(choice))
    used = network.usage([arc for arc in choice if arc >= 0])
    slack = sum(price * (int(holds) - u) for price, holds, u in zip(prices, network.capacity, used, strict=True))
    return capital + sum(best), Fraction(regrets), Fraction(slack)


def test_the_bound_less_the_score_is_the_regrets_and_the_slack() -> None:
    """L(u) - score(x) is the sum of regrets and u times slack for every x that fits; what is computed is that near."""
    for seed in range(400):
        rng = random.Random(seed)
        network = random_instance(seed).network()
        dual = evaluate(network, random_prices(network, rng))
        choice = random_choice(network, rng)
        value, regrets, slack = exact_terms(network, dual, choice)
        score = sum(int(network.score[arc]) for arc in choice if arc >= 0)
        assert value - score == regrets + slack
        assert abs(value - Fraction(dual.value)) <= Fraction(dual.error)
        computed = sum(
            Fraction(float(dual.arc_regret[arc] if arc >= 0 else dual.null_regret[order]))
            for order, arc in enumerate(choice)
        )
        assert abs(computed - regrets) <= Fraction(dual.error)


def test_any_prices_give_a_bound_and_every_regret_is_at_least_zero() -> None:
    """Whatever the prices, no choice scores more than the bound, and no option regrets less than nothing."""
    for seed in range(300):
        instance = random_instance(seed)
        network = instance.network()
        dual = evaluate(network, random_prices(network, random.Random(seed)))
        assert dual.bound >= brute_force(instance)
        assert all(regret >= 0 for regret in [*dual.arc_regret, *dual.null_regret])


def test_what_the_prices_rule_out_is_in_no_better_choice() -> None:
    """An arc that cannot be in, or an order that cannot be out, at the optimum's score is so in every optimum."""
    for seed in range(300):
        instance = random_instance(seed)
        network, rng = instance.network(), random.Random(seed)
        best = brute_force(instance)
        dual = evaluate(network, random_prices(network, rng))
        may_be_in, may_be_out = dual.can_be_in(best), dual.can_be_out(best)
        for _ in range(20):
            choice = random_choice(network, rng)
            if sum(int(network.score[arc]) for arc in choice if arc >= 0) == best:
                assert all(may_be_in[arc] for arc in choice if arc >= 0)
                assert all(may_be_out[order] for order, arc in enumerate(choice) if arc < 0)


def test_prices_that_are_no_numbers_count_as_zero() -> None:
    """Negative, infinite and undefined prices are zero, where the bound is the sum of best scores."""
    network = random_instance(0).network()
    wrong = np.resize([float("nan"), float("-inf"), float("inf"), -1.0], network.n_rows)
    dual = evaluate(network, wrong)
    assert dual.prices.tolist() == [0.0] * network.n_rows
    assert dual.bound == int(best_scores(network).sum())
