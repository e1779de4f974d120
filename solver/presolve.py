"""Making a network smaller and its numbers coarser without changing any choice that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver.columns import FLOAT_EXACT, Column
from solver.network import Network

PROBE = 1000
"""Numbers among which a common divisor of 1 is looked for before all of them are gone through."""


@dataclass(frozen=True, eq=False)
class Presolved:
    """A network with the same choices in smaller numbers.

    Attributes
    ----------
    network : Network
        Without the arcs that do not fit even alone or score nothing; the needs of each row divided by their
        greatest common divisor, capacities rounded down accordingly and cut to what could be drawn at most.
    kept : int64 array, shape (network.n_arcs,)
        Index of each arc in the network that came in.
    divisor : int64 array, shape (n_rows,)
        What the needs of each row were divided by.
    step : int
        Greatest common divisor of the scores: two different objectives differ by at least this much.
    """

    network: Network
    kept: Column
    divisor: Column
    step: int

    def prices_of_original(self, prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return prices per original unit from prices per unit of the smaller network."""
        return prices / self.divisor

    def choice_of_original(self, choice: Column) -> Column:
        """Return `choice` with arcs as indices into the network that came in."""
        if not len(self.kept):
            return choice.copy()
        return np.where(choice >= 0, self.kept[choice], -1).astype(np.int64)


def presolve(network: Network) -> Presolved:
    """Return the smaller network; no choice within the capacities is lost, save arcs that score nothing."""
    useful = network.score > 0
    too_much = network.entry_need > network.capacity[network.entry_row]
    if too_much.any():
        useful[network.entry_arc[too_much]] = False
    kept = np.flatnonzero(useful)
    small = network if len(kept) == network.n_arcs else network.subset(kept)
    divisor = row_divisors(small)
    need = small.entry_need if (divisor == 1).all() else small.entry_need // divisor[small.entry_row]
    capacity = np.minimum(network.capacity // divisor, row_sums(small.entry_row, need, network.n_rows))
    small = replace(small, entry_need=need, capacity=capacity)
    return Presolved(small, kept, divisor, common_divisor(small.score))


def row_divisors(network: Network) -> Column:
    """Return the greatest common divisor of the needs of each row, 1 for a row without needs."""
    divisor = np.zeros(network.n_rows, np.int64)
    np.gcd.at(divisor, network.entry_row[:PROBE], network.entry_need[:PROBE])
    if not (divisor == 1).all():
        np.gcd.at(divisor, network.entry_row[PROBE:], network.entry_need[PROBE:])
    return np.maximum(divisor, 1)


def common_divisor(values: Column) -> int:
    """Return the greatest common divisor of a column, 1 for an empty one."""
    divisor = int(np.gcd.reduce(values[:PROBE])) if len(values) else 1
    return divisor if divisor == 1 else max(1, int(np.gcd.reduce(values)))


def row_sums(rows: Column, needs: Column, n_rows: int) -> Column:
    """Return the sum of `needs` by row, exactly."""
    sums = np.zeros(n_rows, np.int64)
    np.add.at(sums, rows, needs)
    return sums


def drawn(network: Network, arcs: Column) -> Column:
    """Return what a set of arcs, each given once, draws from each row, shape (n_rows,)."""
    if network.one_entry_each:
        return row_sums(network.entry_row[arcs], network.entry_need[arcs], network.n_rows)
    taken = np.zeros(network.n_arcs, bool)
    taken[arcs] = True
    entries = taken[network.entry_arc]
    return row_sums(network.entry_row[entries], network.entry_need[entries], network.n_rows)


def needs_of(network: Network, arcs: Column) -> Column:
    """Return what each of a few arcs draws from each row, nothing for -1, shape (n_rows, len(arcs))."""
    need = np.zeros((network.n_rows, len(arcs)), np.int64)
    columns = np.flatnonzero(arcs >= 0)
    begin = network.entry_start[arcs[columns]]
    counts = network.entry_start[arcs[columns] + 1] - begin
    entries = np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    need[network.entry_row[entries], np.repeat(columns, counts)] = network.entry_need[entries]
    return need


def by_inspection(network: Network) -> Column | None:
    """Return every order's best arc if they all fit together, which is then optimal; None otherwise.

    An order whose arcs all score nothing stays in the backlog; among equal arcs the one given first is taken.

    Returns
    -------
    int64 array, shape (n_orders,), or None
    """
    choice = np.full(network.n_orders, -1, np.int64)
    orders, first = network.served_orders
    if not len(first):
        return choice
    best = np.maximum.reduceat(network.score, first)
    if (best == 0).any():
        orders, best = orders[best > 0], best[best > 0]
    top = np.zeros(network.n_orders, np.int64)
    top[orders] = best
    among = np.flatnonzero((network.score == top[network.order]) & (network.score > 0))
    if len(among) > len(orders):
        # The last write wins, so the arc given first is written last.
        among = among[np.argsort(-network.position[among], kind="stable")]
    choice[network.order[among]] = among
    return choice if (drawn(network, choice[orders]) <= network.capacity).all() else None


def fits_back_ends(network: Network) -> bool:
    """Return whether every sum a back-end forms is small enough to be exact."""
    rules = network.rules
    most = np.ones(network.n_arcs) if rules is None else rules.max_lots.astype(float)
    drawn = np.abs(network.entry_need) * most[network.entry_arc]
    if rules is not None:
        drawn = drawn + np.abs(rules.entry_fixed)
    weights = np.bincount(network.entry_row, drawn, network.n_rows)
    return max(float(network.score @ most), float(weights.max(initial=0.0))) < FLOAT_EXACT
