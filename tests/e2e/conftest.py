"""The command line, in this process and in one of its own, with a home of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import scenarios.demo
from scenarios.app.cli import main

BINDING = Path(scenarios.demo.__path__[0]) / "binding"


@dataclass(frozen=True)
class Outcome:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the command a home and a folder of its own, and no terminal."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the console entry in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["multibroker", *map(str, arguments)])
        capsys.readouterr()
        code = main()
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Command:
    """Run the console entry as a process, as a shell does."""

    def run(*arguments: object, stdin: bytes = b"", **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "scenarios.app", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


DAY: list[object] = [
    BINDING / "orders.csv",
    "--balances",
    BINDING / "balances.csv",
    "--positions",
    BINDING / "positions.csv",
    "--rules",
    BINDING.parent / "routing_rules.csv",
]


@pytest.fixture
def day() -> list[object]:
    """Return the arguments that name the shipped day on which capital is scarce."""
    return DAY


@dataclass(frozen=True)
class Shown:
    """The shipped day, planned once: its screen, its document, and what stands in its home afterwards."""

    screen: str
    document: dict[str, Any]
    left_behind: list[str]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Plan the shipped day, once as a screen and once as a document."""
    home = tmp_path_factory.mktemp("home")
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.chdir(home)
        for more in ([], ["--json"]):
            patch.setattr(sys, "argv", ["multibroker", "plan", *map(str, DAY), *more])
            with contextlib.redirect_stdout(io.StringIO()) as out:
                assert main() == 0
            said.append(out.getvalue())
    return Shown(said[0], json.loads(said[1]), [path.name for path in home.iterdir()])
