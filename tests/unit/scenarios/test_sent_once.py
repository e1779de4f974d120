"""A batch is sent once, and looking changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from brokers.errors import StoreError
from brokers.store import Journal, Ledger
from scenarios.routing import Desk, decide, run
from scenarios.simulation import simulated_desk
from tests.unit.brokers.world import NOW, QUOTES, listings_frame, table

ORDERS = table("order_id,symbol,side,quantity,sleeve,priority", "B,CRO,buy,100,s,1")


def test_a_batch_is_not_sent_again_by_another_plan(desk: Desk) -> None:
    """The same orders decided differently are another plan of one batch: nothing of it is stored or sent."""
    first = run(desk, decide(desk, ORDERS))
    (broker,) = set(first.reports["broker"])
    brokers = {name: replace(each, is_up=name != broker) for name, each in desk.brokers.items()}
    second = decide(replace(desk, brokers=brokers), ORDERS)
    assert second.plan_id != first.plan.plan_id
    with pytest.raises(StoreError, match="another one of the batch"):
        run(desk, second)
    assert len(Journal(desk.database).plans()) == 1


def test_a_desk_that_only_looks_leaves_the_ledger_alone(desk: Desk, tmp_path: Path) -> None:
    """Without balances nothing is synchronised: what an earlier run left stays."""
    before = Ledger(desk.database).capital()
    simulated_desk(
        listings_frame(),
        None,
        table("broker,account,symbol,quantity", ""),
        quotes=table("symbol,mic,currency,bid,ask", QUOTES).assign(as_of=NOW.isoformat()),
        rates=table("from,to,rate", "USD,EUR,0.9").assign(as_of=NOW.isoformat()),
        database=tmp_path / "d.sqlite3",
    )
    pd.testing.assert_frame_equal(Ledger(desk.database).capital(), before)
