"""Laws of the search that meets in the middle."""

from __future__ import annotations

import itertools
import random

import numpy as np

from solver import Limits
from solver.dual import Dual, evaluate
from solver.fixing import Menu, menu_of
from solver.halves import Effort, search
from solver.limits import Stopwatch
from solver.presolve import presolve
from tests.property.networks import random_instance

AMPLE = Effort(10**6, 10**7)


def menus(count: int) -> list[tuple[Dual, Menu, float, random.Random]]:
    """Return menus of small networks at random prices, with a room each."""
    found = []
    for seed in range(count):
        rng = random.Random(seed)
        network = presolve(random_instance(seed).network()).network
        if not network.n_arcs:
            continue
        scale = float(network.score.max()) / max(1.0, float(network.entry_need.max(initial=1)))
        dual = evaluate(network, np.array([rng.choice((0.0, rng.random() * scale)) for _ in range(network.n_rows)]))
        room = dual.value * rng.choice((0.1, 0.4, 1.0))
        orders = np.array(sorted(rng.sample(range(network.n_orders), min(5, network.n_orders))), np.int64)
        orders = orders[np.isin(orders, network.order)]
        found.append((dual, menu_of(dual, orders, network.capacity, room), room, rng))
    return found


def every_choice(menu: Menu) -> list[tuple[int, float, list[int]]]:
    """Return score, loss and options of every choice from a menu that fits."""
    spans = [range(a, b) for a, b in itertools.pairwise(menu.start.tolist())]
    found = []
    for options in itertools.product(*spans):
        chosen = list(options)
        left = menu.capacity - menu.need[:, chosen].sum(axis=1)
        if (left >= 0).all():
            loss = float(menu.regret[chosen].sum() + (menu.prices * left).sum())
            found.append((int(menu.score[chosen].sum()), loss, chosen))
    return found


def test_the_search_finds_the_best_choice_within_the_room() -> None:
    """Of all choices that lose at most the room the best is found, or one that scores more; or there is none."""
    for _, menu, room, rng in menus(400):
        choices = every_choice(menu)
        floor = rng.choice((-1, max((score for score, _, _ in choices), default=0) // 2))
        best = max((score for score, loss, _ in choices if loss <= room * (1 - 1e-9) and score > floor), default=None)
        found = search(menu, room, floor, AMPLE, Stopwatch(Limits()))
        assert found.room == room
        if best is not None:
            assert found.score is not None
            assert found.score >= best
        if found.score is not None:
            assert found.score > floor
            assert found.score in {score for score, _, _ in choices}


def test_a_search_without_means_claims_no_more_than_it_saw() -> None:
    """With short lists nothing that loses at most the room it claims is overlooked."""
    claimed = 0
    for _, menu, room, _ in menus(400):
        found = search(menu, room, -1, Effort(4, 50), Stopwatch(Limits()))
        claimed += 0 <= found.room < room
        best = max((score for score, loss, _ in every_choice(menu) if loss <= found.room * (1 - 1e-9)), default=-1)
        assert best <= (-1 if found.score is None else found.score)
    assert claimed > 10


def test_among_equal_scores_fewer_children_and_then_earlier_orders_are_chosen() -> None:
    """What is found has fewest children, then the preferred options of the orders that come first."""
    for _, menu, _, _ in menus(300):
        wide = 2 * float(menu.regret.sum() + (menu.prices * menu.capacity).sum()) + 1
        choices = every_choice(menu)
        found = search(menu, wide, -1, AMPLE, Stopwatch(Limits()))
        if not choices or found.arcs is None:
            continue
        ranked = max(choices, key=lambda one: (one[0], -int((menu.arc[one[2]] >= 0).sum()), one[2]))
        assert found.arcs.tolist() == menu.arc[ranked[2]].tolist()
