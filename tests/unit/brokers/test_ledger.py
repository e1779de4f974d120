from __future__ import annotations

from decimal import Decimal

import pytest

from brokers.errors import CapitalError, StoreError
from brokers.store import Database, Hold, Ledger
from solver.domain import Balance

POOL = {"broker": "alpaca", "account": "PA1", "currency": "USD"}


@pytest.fixture
def ledger(database: Database) -> Ledger:
    ledger = Ledger(database)
    ledger.open_pool(Balance(**POOL, cash=Decimal(1000)))
    return ledger


def hold(client_order_id: str, amount: str, **changes: str) -> Hold:
    return Hold(**{**POOL, "client_order_id": client_order_id, "amount": Decimal(amount), **changes})


def figures(ledger: Ledger, row: int = 0) -> tuple[Decimal, ...]:
    """Total, free, held, spent."""
    return tuple(ledger.capital().loc[row, ["total", "free", "held", "spent"]])


def numbers(*values: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, values))


def test_an_open_pool_is_all_free(ledger: Ledger) -> None:
    """A pool begins with its cash, none of it held or spent, and is opened once."""
    assert figures(ledger) == numbers("1000", "1000", "0", "0")
    with pytest.raises(StoreError, match="alpaca PA1 USD is open already"):
        ledger.open_pool(Balance(**POOL, cash=Decimal(1)))


def test_a_hold_moves_money_from_free_to_held(ledger: Ledger) -> None:
    """Held money is still there, but not free."""
    ledger.hold([hold("a", "250.5"), hold("b", "749.5")])
    assert figures(ledger) == numbers("1000", "0", "1000", "0")


def test_holds_that_do_not_fit_are_refused_together(ledger: Ledger) -> None:
    """F92: of holds that together need more than is free, none is made, and the message says what is short."""
    with pytest.raises(CapitalError, match=r"insufficient free capital: alpaca PA1: 0\.000001 USD short"):
        ledger.hold([hold("a", "600"), hold("b", "400.000001")])
    assert figures(ledger) == numbers("1000", "1000", "0", "0")
    assert ledger.entries("a").empty


def test_one_pool_that_is_short_refuses_the_holds_in_all(ledger: Ledger) -> None:
    """The holds of a plan are all made or none, over all pools, and every short pool is named."""
    with pytest.raises(CapitalError) as caught:
        ledger.hold([hold("a", "1"), hold("b", "1", account="PA2"), hold("c", "5", currency="USDC")])
    assert [(each.account, each.currency, each.short) for each in caught.value.shortages] == [
        ("PA1", "USDC", Decimal(5)),
        ("PA2", "USD", Decimal(1)),
    ]
    assert figures(ledger) == numbers("1000", "1000", "0", "0")


def test_an_order_is_held_for_once(ledger: Ledger) -> None:
    """A second hold for the same order is refused by the database itself."""
    ledger.hold([hold("a", "10")])
    with pytest.raises(StoreError):
        ledger.hold([hold("a", "10")])
    assert figures(ledger) == numbers("1000", "990", "10", "0")


def test_settling_spends_what_was_held(ledger: Ledger) -> None:
    """Settled money is spent; free money does not change by it."""
    ledger.hold([hold("a", "300")])
    assert ledger.settle("a", Decimal("120.25")) == Decimal("120.25")
    assert figures(ledger) == numbers("1000", "700", "179.75", "120.25")


def test_settling_to_a_figure_twice_books_it_once(ledger: Ledger) -> None:
    """The figure is what the order has drawn to date: telling it again, or an older one, changes nothing."""
    ledger.hold([hold("a", "300")])
    ledger.settle("a", Decimal(100))
    assert ledger.settle("a", Decimal(150)) == 50
    assert ledger.settle("a", Decimal(150)) == 0
    assert ledger.settle("a", Decimal(100)) == 0
    assert figures(ledger) == numbers("1000", "700", "150", "150")


def test_the_rest_of_a_hold_is_released_once(ledger: Ledger) -> None:
    """I7: a final order gives back exactly what it did not use, exactly once."""
    ledger.hold([hold("a", "300")])
    ledger.settle("a", Decimal(100))
    assert ledger.release("a") == 200
    assert ledger.release("a") == 0
    assert figures(ledger) == numbers("1000", "900", "0", "100")


def test_releasing_what_was_never_held_gives_nothing(ledger: Ledger) -> None:
    """No money comes from an order that had none."""
    assert ledger.release("absent") == 0
    assert figures(ledger) == numbers("1000", "1000", "0", "0")


def test_settling_what_was_never_held_is_an_error(ledger: Ledger) -> None:
    """Money spent by an order that the ledger does not know is not booked on a guess."""
    with pytest.raises(StoreError, match="nothing is held for absent"):
        ledger.settle("absent", Decimal(1))


def test_a_broker_may_take_more_than_was_held(ledger: Ledger) -> None:
    """I4: an overfill makes free capital smaller, even negative, and then nothing more is granted."""
    ledger.hold([hold("a", "1000")])
    ledger.settle("a", Decimal(1010))
    assert figures(ledger) == numbers("1000", "-10", "0", "1010")
    with pytest.raises(CapitalError, match=r"10\.000001 USD short"):
        ledger.hold([hold("b", "0.000001")])


def test_a_late_fill_is_spent_even_after_the_release(ledger: Ledger) -> None:
    """What the broker has taken is gone, whatever was believed before."""
    ledger.hold([hold("a", "300")])
    ledger.release("a")
    ledger.settle("a", Decimal(100))
    assert figures(ledger) == numbers("1000", "900", "0", "100")


def test_a_reserve_is_not_granted(ledger: Ledger) -> None:
    """I5: holds stay below the capital less the reserve, and a broker that tells no reserve does not lift it."""
    ledger.synchronise([Balance(**POOL, cash=Decimal(1000), reserve=Decimal(200))])
    ledger.synchronise([Balance(**POOL, cash=Decimal(1000))])
    with pytest.raises(CapitalError, match=r"0\.5 USD short"):
        ledger.hold([hold("a", "800.5")])
    ledger.hold([hold("a", "800")])
    assert figures(ledger) == numbers("1000", "200", "800", "0")


def test_synchronising_opens_what_is_new_and_adjusts_what_is_known(ledger: Ledger) -> None:
    """F71: the difference to the broker's figure is shown and booked, never absorbed silently."""
    told = [Balance(**POOL, cash=Decimal("1234.5")), Balance("ibkr", "U1", "EUR", Decimal(50))]
    found = ledger.synchronise(told)
    assert [tuple(row) for row in found[["broker", "expected", "told", "difference"]].to_numpy()] == [
        ("alpaca", Decimal(1000), Decimal("1234.5"), Decimal("234.5")),
        ("ibkr", Decimal(0), Decimal(50), Decimal(50)),
    ]
    assert figures(ledger) == numbers("1234.5", "1234.5", "0", "0")
    assert figures(ledger, 1) == numbers("50", "50", "0", "0")


def test_synchronising_again_changes_nothing(ledger: Ledger) -> None:
    """F72: the second time there is no difference and no entry."""
    ledger.synchronise([Balance(**POOL, cash=Decimal(900))])
    entries = len(ledger.entries())
    assert ledger.synchronise([Balance(**POOL, cash=Decimal(900))]).loc[0, "difference"] == 0
    assert len(ledger.entries()) == entries


def test_what_the_broker_does_not_know_comes_off_its_figure(ledger: Ledger) -> None:
    """Each order counts once: live orders are in the broker's figure already, the others are not."""
    ledger.hold([hold("live", "300"), hold("intent", "100")])
    found = ledger.synchronise([Balance(**POOL, cash=Decimal(700))], live={"live"})
    assert found.loc[0, "difference"] == 0
    assert figures(ledger) == numbers("1000", "600", "400", "0")


def test_cash_is_rounded_down(ledger: Ledger) -> None:
    """What is less than a micro-unit is not ours to spend."""
    ledger.synchronise([Balance(**POOL, cash=Decimal("10.00000199"))])
    assert figures(ledger)[1] == Decimal("10.000001")


def test_the_next_decision_gets_what_is_free(ledger: Ledger) -> None:
    """A decision gets free capital, with the reserve beside it; what is held comes off the settled part."""
    told = Balance(**POOL, cash=Decimal(1000), settled=Decimal(400), reserve=Decimal(50))
    ledger.synchronise([told])
    ledger.hold([hold("a", "300")])
    row = ledger.balances().loc[0]
    assert (row.cash, row.settled, row.reserve) == (Decimal(700), Decimal(100), Decimal(50))


def test_what_is_not_settled_is_not_held(ledger: Ledger) -> None:
    """A hold is granted from settled cash above the reserve, exactly as a decision counts it."""
    ledger.synchronise([Balance(**POOL, cash=Decimal(1000), settled=Decimal(400), reserve=Decimal(50))])
    with pytest.raises(CapitalError, match=r"0\.5 USD short \(needed 350\.5, free 350\)"):
        ledger.hold([hold("a", "350.5")])
    ledger.hold([hold("a", "350")])
    ledger.release("a")
    assert ledger.balances().loc[0, "settled"] == 400


def test_a_pool_that_its_broker_does_not_name_is_empty(ledger: Ledger) -> None:
    """A missing balance is zero, by an explicit entry; pools of brokers that did not answer stay."""
    ledger.open_pool(Balance("ibkr", "U1", "EUR", Decimal(50)))
    told = [Balance("alpaca", "PA1", "USDC", Decimal(7))]
    ledger.synchronise(told, answered=["alpaca"])
    free = {(row.broker, row.currency): row.free for row in ledger.capital().itertuples()}
    assert free == {("alpaca", "USD"): 0, ("alpaca", "USDC"): 7, ("ibkr", "EUR"): 50}
    assert ledger.entries()["amount"].to_list() == [1000, 50, 7, -1000]
    entries = len(ledger.entries())
    ledger.synchronise(told, answered=["alpaca"])
    assert len(ledger.entries()) == entries


def test_entries_say_whom_the_money_was_for(ledger: Ledger) -> None:
    """I15: every figure can be traced to entries, in their order."""
    ledger.hold([hold("a", "300", sleeve="growth", plan_id="plan-1")])
    ledger.settle("a", Decimal(120))
    ledger.release("a")
    entries = ledger.entries("a")
    assert list(entries["kind"]) == ["hold", "settle", "release"]
    assert list(entries["amount"]) == [300, 120, 180]
    assert set(entries["sleeve"]) == {"growth"}
    assert set(entries["plan_id"]) == {"plan-1"}


def test_a_negative_hold_is_refused(ledger: Ledger) -> None:
    """A hold can never create money."""
    with pytest.raises(ValueError, match="cannot be negative"):
        ledger.hold([hold("a", "-1")])
