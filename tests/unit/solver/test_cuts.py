"""Laws of the row that bounds how much can be served."""

from __future__ import annotations

from solver import Limits
from solver.cuts import score_units, with_unit_row
from solver.limits import Stopwatch
from solver.presolve import presolve
from solver.prices import price
from tests.property.networks import brute_force, random_instance
from tests.unit.solver.test_presolve import brute_force_of


def test_the_row_cuts_off_no_choice_and_never_weakens_the_bound() -> None:
    """With the row the optimum is what it was, and the bound lies between it and the bound without."""
    helped = 0
    for seed in range(600):
        instance, watch = random_instance(seed), Stopwatch(Limits())
        network = presolve(instance.network()).network
        cut = with_unit_row(network, watch)
        if cut is network:
            continue
        best, without, within = brute_force(instance), price(network, watch), price(cut, watch)
        assert brute_force_of(cut) == best
        assert best <= within.bound <= without.bound + 1
        helped += within.bound < without.bound
    assert helped > 10


def test_units_are_whole_multiples_or_there_are_none() -> None:
    """Ranks and tiers have units; amounts have none."""
    for seed in range(400):
        network = presolve(random_instance(seed).network()).network
        units = score_units(network)
        if units is not None:
            scale = network.score / network.score.max() * units.max()
            assert (abs(scale - units) <= 0.25 * units).all()
