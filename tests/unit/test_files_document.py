"""What `docs/files.md` says of the files is what the program reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scenarios.app.settings import Settings, read_settings
from scenarios.intake import read_table
from solver import decide_document, tables
from solver.tables.schema import TABLES

TEXT = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def block(kind: str, section: str) -> str:
    """Return the one code block of a kind in a section."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", SECTIONS[section], re.DOTALL)
    return str(found)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_table_is_described_column_by_column(table: tables.Table) -> None:
    """The document lists every column of a table, in the order of the schema, and no other."""
    listed = re.findall(r"^\| `(\w+)`", SECTIONS[table.name], re.MULTILINE)
    assert tuple(listed) == table.names


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_example_is_read_as_it_stands(table: tables.Table, tmp_path: Path) -> None:
    """The example of a table passes the program's own reading without a problem."""
    path = tmp_path / f"{table.name}.csv"
    path.write_text(block(f"csv {table.name}", table.name), encoding="utf-8")
    assert len(read_table(path, table).frame) >= 2


def test_the_network_example_is_decided() -> None:
    """The example network is decided: one order routed, the other told what it lacks."""
    answer = decide_document(json.loads(block("json network", "The network document")))
    assert [route["order"] for route in answer["routes"]] == ["o1"]
    (waiting,) = answer["backlog"]
    assert (waiting["order"], waiting["reasons"][0]["code"]) == ("o2", "CAPITAL_CONTENTION")
    described = set(re.findall(r"`(\w+)`", SECTIONS["The network document"]))
    assert set(answer) - {"version"} <= described


def test_the_settings_example_is_read(tmp_path: Path) -> None:
    """The example settings are valid and name every key of their tables."""
    path = tmp_path / "desk.toml"
    path.write_text(block("toml settings", "The settings"), encoding="utf-8")
    assert read_settings(path).sleeves["croissance"].accounts == {"ibkr": "DU1"}
    for name in (*Settings.model_fields, *Settings().policy.model_dump(), *Settings().limits.model_dump()):
        assert re.search(rf"^(\[?{name}\b)", path.read_text(encoding="utf-8"), re.MULTILINE), name
