"""A row of its own for how much can be served at all, where scores are nearly whole multiples of a unit.

If every score is about c units, as where the rank moves it by little, no choice can serve more than

    sum of c  <=  floor(max of sum of c in the relaxation),

because the left side is an integer (Chvatal and Gomory). The linear relaxation of the scores does not know this: it
serves half an order. As one more row with a price, the inequality takes most of that half from the bound.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.columns import Column
from solver.dual import best_scores
from solver.limits import Stopwatch
from solver.network import Network, RowKind
from solver.prices import price

ARCS = 20_000
"""Arcs up to which the row is worth its time: among more, half an order is little."""

NEARLY = 0.06
"""Share of a unit by which a score may miss a whole multiple, for each unit."""

MOST_UNITS = 64
"""Most units of one score."""


def with_unit_row(network: Network, watch: Stopwatch) -> Network:
    """Return a presolved network with one more row that bounds the units served, or as it is if that bounds nothing."""
    units = score_units(network)
    if units is None or network.n_arcs > ARCS:
        return network
    most = price(replace(network, score=units), watch).bound
    if most >= int(best_scores(replace(network, score=units)).sum()):
        return network
    row = network.n_rows
    last = network.entry_start[1:]
    return replace(
        network,
        entry_start=network.entry_start + np.arange(network.n_arcs + 1),
        entry_row=np.insert(network.entry_row, last, row),
        entry_need=np.insert(network.entry_need, last, units),
        capacity=np.append(network.capacity, most),
        row_kind=np.append(network.row_kind, int(RowKind.CAP)),
    )


def score_units(network: Network) -> Column | None:
    """Return the scores in whole units, the unit being the smallest of the orders' best scores; None if they are none.

    Returns
    -------
    int64 array, shape (n_arcs,), or None
    """
    best = best_scores(network)
    if not network.n_arcs or int(best.max()) > MOST_UNITS * int(best[best > 0].min()):
        return None
    scale = network.score / float(best[best > 0].min())
    units = np.maximum(np.rint(scale), 1.0)
    return units.astype(np.int64) if bool((np.abs(scale - units) <= NEARLY * units).all()) else None
