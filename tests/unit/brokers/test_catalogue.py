from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from brokers.errors import StoreError
from brokers.frames import listings_of
from brokers.store import Catalogue, Database
from solver import tables
from solver.errors import ProblemError
from solver.policy import rules_from_frame

RULES = pd.DataFrame(
    {
        "sleeve": ["", "income"],
        "asset_type": ["crypto", ""],
        "symbol": ["", "AAPL"],
        "brokers": ["crypto_com|alpaca", "none"],
        "comment": ["coins", "not here: a 'quote' and ünïcode"],
    }
)


def test_listings_come_back_as_they_were(database: Database, listings: pd.DataFrame) -> None:
    """What is read from the catalogue is the canonical table that was put in, to the last digit."""
    catalogue = Catalogue(database)
    for broker in ("alpaca", "crypto_com", "ibkr"):
        catalogue.replace(broker, [each for each in listings_of(listings) if each.broker == broker])
    expected = tables.canonical(tables.LISTINGS, listings).frame
    assert_frame_equal(
        catalogue.listings(),
        expected.sort_values(["broker", "broker_symbol"], ignore_index=True),
    )
    assert set(catalogue.listings("ibkr")["symbol"]) == {"AAPL", "ASML", "HALT"}


def test_an_empty_catalogue_is_an_empty_table(database: Database) -> None:
    """Before the first refresh there is a table without rows, with all its columns."""
    assert list(Catalogue(database).listings().columns) == list(tables.LISTINGS.names)


def test_a_refresh_replaces_one_broker_and_no_other(database: Database, listings: pd.DataFrame) -> None:
    """What a broker no longer lists is gone; what others list stays."""
    catalogue, told = Catalogue(database), listings_of(listings)
    for broker in ("alpaca", "ibkr"):
        catalogue.replace(broker, [each for each in told if each.broker == broker])
    catalogue.replace("ibkr", [])
    assert set(catalogue.listings()["broker"]) == {"alpaca"}
    assert list(catalogue.refreshes()["listings"]) == [2, 3, 0]


def test_a_refresh_that_fails_changes_nothing(database: Database, listings: pd.DataFrame) -> None:
    """B83: a swap that breaks in the middle leaves the old catalogue whole."""
    catalogue, told = Catalogue(database), listings_of(listings)
    old = [each for each in told if each.broker == "ibkr"]
    catalogue.replace("ibkr", old, [(replace(old[0], lot=-old[0].lot), "lot")])
    with pytest.raises(StoreError):
        catalogue.replace("ibkr", [old[0], old[0]])
    assert len(catalogue.listings("ibkr")) == len(old)
    assert list(catalogue.quarantined()["reason"]) == ["lot"]
    assert len(catalogue.refreshes()) == 1


def test_rules_come_back_as_the_policy_reads_them(database: Database) -> None:
    """Imported rules mean the same to the policy as the table they came from."""
    catalogue = Catalogue(database)
    assert catalogue.import_rules(RULES) == 2
    canonical = tables.canonical(tables.ROUTING_RULES, RULES).frame
    assert_frame_equal(catalogue.rules(), canonical)
    assert rules_from_frame(catalogue.rules()) == rules_from_frame(canonical)


def test_bad_rules_leave_the_old_ones_in_force(database: Database) -> None:
    """An import is refused as a whole."""
    catalogue = Catalogue(database)
    catalogue.import_rules(RULES)
    with pytest.raises(ProblemError):
        catalogue.import_rules(RULES.rename(columns={"brokers": "borkers"}))
    assert len(catalogue.rules()) == 2
    catalogue.import_rules(RULES.iloc[:1])
    assert len(catalogue.rules()) == 1
