from __future__ import annotations

import sys
from pathlib import Path

import pytest

from brokers.registry import connector_factory, registered
from brokers.simulated.connector import SimulatedConnector
from solver.errors import ProblemError


def test_a_shipped_name_gives_its_connector() -> None:
    """A registered name leads to the connector that it stands for."""
    assert connector_factory("simulated") is SimulatedConnector
    assert "simulated" in registered()


def test_an_import_path_gives_any_class() -> None:
    """A broker needs no registration to be tried out."""
    assert connector_factory("brokers.simulated.connector:SimulatedConnector") is SimulatedConnector


def test_an_entry_point_of_another_distribution_gives_its_connector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed distribution registers a broker by an entry point, and it is loaded only when used."""
    (tmp_path / "acme_broker.py").write_text("def connect(**settings):\n    return settings\n")
    metadata = tmp_path / "acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[multibroker.brokers]\nacme = acme_broker:connect\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "acme" in registered()
    assert "acme_broker" not in sys.modules
    assert connector_factory("acme").__name__ == "connect"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("simulatd", "did you mean 'simulated'"),
        ("zzz", "known: .*simulated"),
        ("brokers.absent:Thing", "cannot be loaded"),
        ("brokers.connector:Absent", "cannot be loaded"),
        (":Thing", "cannot be loaded"),
        ("brokers.connector:CLIENT_ORDER_ID_LENGTH", "is not callable"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(name: str, message: str) -> None:
    """An unknown broker is an error with a suggestion, not a crash at the first order."""
    with pytest.raises(ProblemError, match=message):
        connector_factory(name)
