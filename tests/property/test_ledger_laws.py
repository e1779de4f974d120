"""Laws of the ledger for every sequence of actions, and for many at the same time."""

from __future__ import annotations

import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from brokers.errors import CapitalError, Shortage
from brokers.store import Database, Hold, Ledger
from solver.domain import Balance
from solver.domain.amounts import MICRO, from_scaled

POOLS = [("alpaca", "PA1", "USD"), ("ibkr", "U1", "EUR")]
_AMOUNT = st.integers(0, 2_000_000_000).map(lambda units: from_scaled(units, MICRO))


class LedgerMachine(RuleBasedStateMachine):
    """The ledger against a model of it in plain Python: one record an order, one figure a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "store.db")
        self.ledger = Ledger(self.database)
        self.total = dict.fromkeys(POOLS, Decimal(0))
        self.held: dict[str, Decimal] = {}
        self.spent: dict[str, Decimal] = {}
        self.pool: dict[str, tuple[str, str, str]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def free(self, pool: tuple[str, str, str]) -> Decimal:
        mine = [order for order, at in self.pool.items() if at == pool]
        return self.total[pool] - sum(self.held[each] + self.spent[each] for each in mine)

    @initialize(cash=st.tuples(_AMOUNT, _AMOUNT))
    def open_pools(self, cash: tuple[Decimal, Decimal]) -> None:
        for pool, amount in zip(POOLS, cash, strict=True):
            self.ledger.open_pool(Balance(*pool, cash=amount))
            self.total[pool] = amount

    @rule(wanted=st.lists(st.tuples(st.sampled_from(POOLS), _AMOUNT), min_size=1, max_size=4))
    def hold(self, wanted: list[tuple[tuple[str, str, str], Decimal]]) -> None:
        """Holds are granted exactly if every pool can carry all of its own."""
        holds = [
            Hold(
                client_order_id=f"o{len(self.pool) + number}",
                broker=pool[0],
                account=pool[1],
                currency=pool[2],
                amount=amount,
            )
            for number, (pool, amount) in enumerate(wanted)
        ]
        needed = {pool: sum((each.amount for each in holds if each.pool == pool), Decimal(0)) for pool in POOLS}
        asked = {each.pool for each in holds}
        if any(needed[pool] > self.free(pool) for pool in asked):
            with pytest.raises(CapitalError):
                self.ledger.hold(holds)
            return
        self.ledger.hold(holds)
        for each in holds:
            self.pool[each.client_order_id] = each.pool
            self.held[each.client_order_id] = each.amount
            self.spent[each.client_order_id] = Decimal(0)

    @rule(choice=st.integers(0, 10**6), spent=_AMOUNT)
    def settle(self, choice: int, spent: Decimal) -> None:
        """What was drawn to date only grows; beyond the hold it comes out of free capital."""
        if not self.pool:
            return
        order = list(self.pool)[choice % len(self.pool)]
        booked = self.ledger.settle(order, spent)
        assert booked == max(spent - self.spent[order], Decimal(0))
        self.held[order] = max(self.held[order] - booked, Decimal(0))
        self.spent[order] += booked

    @rule(choice=st.integers(0, 10**6))
    def release(self, choice: int) -> None:
        """A release gives back exactly what is left, and a second one nothing."""
        if not self.pool:
            return
        order = list(self.pool)[choice % len(self.pool)]
        assert self.ledger.release(order) == self.held[order]
        assert self.ledger.release(order) == 0
        self.held[order] = Decimal(0)

    @rule(pool=st.sampled_from(POOLS), cash=_AMOUNT)
    def synchronise(self, pool: tuple[str, str, str], cash: Decimal) -> None:
        """Afterwards free and held together are what the broker says, and not a micro-unit else has changed."""
        held = sum((self.held[order] for order, at in self.pool.items() if at == pool), Decimal(0))
        found = self.ledger.synchronise([Balance(*pool, cash=cash)])
        assert found.loc[0, "difference"] == cash - held - self.free(pool)
        self.total[pool] += cash - held - self.free(pool)

    @rule()
    def restart(self) -> None:
        """Closing and opening the store changes nothing."""
        self.database.close()

    @invariant()
    def total_is_free_and_held_and_spent(self) -> None:
        """I4: total = free + held + spent exactly, and each of them is what the model says."""
        capital = self.ledger.capital()
        assert (capital["total"] == capital["free"] + capital["held"] + capital["spent"]).all()
        for row in capital.itertuples(index=False):
            pool = (row.broker, row.account, row.currency)
            mine = [order for order, at in self.pool.items() if at == pool]
            assert row.total == self.total[pool]
            assert row.held == sum(self.held[order] for order in mine)
            assert row.spent == sum(self.spent[order] for order in mine)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("seed", range(3))
def test_never_over_committed_by_eight_threads(tmp_path: Path, seed: int) -> None:
    """I5, F62: however many hold at once, what is granted never exceeds the capital, and no action is lost."""
    capital = Decimal(1000)
    path = tmp_path / "store.db"
    Ledger(Database(path)).open_pool(Balance(*POOLS[0], cash=capital))

    refused: list[Shortage] = []

    def work(worker: int) -> list[Decimal]:
        # Every worker opens the store for itself, as another process would.
        ledger, draw, kept = Ledger(Database(path)), random.Random(f"{seed}:{worker}"), []
        for number in range(25):
            amount = from_scaled(draw.randrange(1, 60 * MICRO), MICRO)
            order = f"{worker}-{number}"
            hold = Hold(client_order_id=order, broker="alpaca", account="PA1", currency="USD", amount=amount)
            try:
                ledger.hold([hold])
            except CapitalError as error:
                refused.extend(error.shortages)
                continue
            what = draw.random()
            if what < 0.4:
                assert ledger.release(order) == amount
                continue
            if what < 0.7:
                ledger.settle(order, amount)
            kept.append(amount)
        return kept

    with ThreadPoolExecutor(8) as threads:
        granted = [amount for kept in threads.map(work, range(8)) for amount in kept]
    row = Ledger(Database(path)).capital().iloc[0]
    assert row.held + row.spent == sum(granted)
    assert row.free == capital - sum(granted) >= 0
    assert row.total == capital
    # Refused for a reason: at that moment less was free than was asked for.
    assert refused
    assert all(shortage.free < shortage.needed for shortage in refused)
