"""The settings file: every key known, every value in its range, every problem told with its key."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

from brokers.profiles import load_profiles
from scenarios.app.settings import Settings, default_database, read_settings, settings_of
from scenarios.mode import Mode
from solver import Limits, Policy, ProblemError
from solver.policy import DEFAULT_RULES


def problems(text: str) -> str:
    with pytest.raises(ProblemError) as caught:
        settings_of(tomllib.loads(text), "desk.toml")
    return str(caught.value)


def test_an_empty_file_is_the_defaults_of_the_solver() -> None:
    """Nothing written means what the solver does by itself."""
    settings = settings_of({}, "desk.toml")
    assert settings == Settings()
    assert settings.mode is Mode.SIMULATED
    assert settings.policy.policy(DEFAULT_RULES, {}) == Policy()
    assert settings.limits.limits() == Limits()


def test_every_figure_arrives_in_the_policy() -> None:
    """Each figure of the policy table is that figure of the policy, exactly."""
    text = """
        [policy]
        first_choice_bps = 5000
        rank_step_bps = 50
        cost_weight = "0.1"
        equity_collar_bps = 25
        crypto_collar_bps = 75
        default_quotes = ["USDT", "USD"]
        tier_weights = { 1 = "1", 2 = "0.3", 3 = 0 }
        [sleeves.growth.accounts]
        ibkr = "U1"
    """
    settings = settings_of(tomllib.loads(text), "desk.toml")
    bound = settings.sleeve_accounts(load_profiles(), "desk.toml")
    assert settings.policy.policy((), bound) == Policy(
        rules=(),
        first_choice_bps=5000,
        rank_step_bps=50,
        cost_weight=Fraction(1, 10),
        equity_collar_bps=25,
        crypto_collar_bps=75,
        default_quotes=("USDT", "USD"),
        tier_weights={1: Fraction(1), 2: Fraction(3, 10), 3: Fraction(0)},
        sleeve_accounts={("growth", "ibkr"): "U1"},
    )


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_real_brokers_are_not_in_this_version(mode: str) -> None:
    """Paper and live are refused with the reason, not taken for a mistyped word."""
    assert problems(f'mode = "{mode}"').startswith(f"desk.toml [mode]: mode {mode} needs the connectors")
    assert "later release" in problems(f'mode = "{mode}"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mode = "simulatd"', "[mode]: must be one of simulated, paper, live; did you mean 'simulated'?"),
        ('"mode " = "simulated"', "['mode ']: unknown key; did you mean 'mode'?"),
        ("[policy]\nequity_colar_bps = 5", "[policy.equity_colar_bps]: unknown key; did you mean 'equity_collar_bps'?"),
        ("gap = 0.1", "[gap]: unknown key; it belongs under [limits]"),
        ('[limits]\nmode = "simulated"', "[limits.mode]: unknown key; it belongs at the top of the file"),
        ("[sleeves.a]\nacounts = 1", "[sleeves.a.acounts]: unknown key; did you mean 'accounts'?"),
        ("[limits]\nseconds = 0", "[limits.seconds]: must be above 0"),
        ("[limits]\nseconds = nan", "[limits.seconds]: must be"),
        ("[limits]\nseconds = 1e9", "[limits.seconds]: must be above 0 and at most 86400"),
        ('[limits]\nseconds = "10"', "[limits.seconds]: must be a number such as 2.5"),
        ("[limits]\ngap = 5", "[limits.gap]: must be a fraction"),
        ("[limits]\ngap = true", "[limits.gap]: must be a number"),
        ("[policy]\ncost_weight = 0.5", "[policy.cost_weight]: write it as text"),
        ('[policy]\ncost_weight = "1e9"', "[policy.cost_weight]: must be a decimal number"),
        ('[policy]\ncost_weight = "-1"', "[policy.cost_weight]: must be a decimal number"),
        ("[policy]\nrank_step_bps = -1", "[policy.rank_step_bps]: must be from 0 to 10000"),
        ("[policy]\nrank_step_bps = 1.5", "[policy.rank_step_bps]: must be a whole number"),
        ("[policy]\nrank_step_bps = true", "[policy.rank_step_bps]: must be a whole number"),
        ("[policy]\ntier_weights = { 0 = 1 }", "[policy.tier_weights.0]: a priority is a whole number from 1 to 99"),
        ('[policy]\ntier_weights = { "01" = 1 }', "[policy.tier_weights.01]: a priority is a whole number"),
        ("[policy]\ndefault_quotes = []", "[policy.default_quotes]: must name at least one"),
        ('base_currency = "eur"', "[base_currency]: must be a currency code such as EUR (got 'eur')"),
        ('dialect = "french"', "[dialect]: must be one of plain, fr, tab"),
        ('database = ":memory:"', "[database]: must be the path of a file"),
        ('database = "postgresql://host/db"', "[database]: must be the path of a file"),
        ("files = 3", "[files]: must be a table headed [files]"),
        ("[files]\nbalances = 3", "[files.balances]: must be text in quotes"),
    ],
)
def test_a_wrong_key_or_value_is_named(text: str, words: str) -> None:
    """Every problem names its key, what is allowed and, where known, what was probably meant."""
    assert f"desk.toml {words}" in problems(text)


def test_all_problems_are_told_at_once() -> None:
    """A file with three mistakes gives three lines."""
    text = 'dialect = "x"\nmod = 1\n[limits]\ngap = 2\n'
    assert len(problems(text).splitlines()) == 3


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "CANARY"',
        '[alpaca]\nAPI_KEY = "CANARY"',
        '[files]\nsecretKey = "CANARY"',
        '[[brokers]]\n[brokers.login]\npassword = "CANARY"',
        '[sleeves.a]\ntoken = "CANARY"',
    ],
)
def test_secrets_are_refused_and_never_shown(text: str) -> None:
    """A key that looks like a secret's, at any depth, is refused with the proper place; its value is not shown."""
    assert "environment variables" in problems(text)
    assert "CANARY" not in problems(text)


def test_the_value_of_an_unknown_key_is_not_shown() -> None:
    """Nobody knows what an unknown key holds, so its value is not repeated."""
    assert "CANARY" not in problems('alpaca_login = "CANARY"')


def test_a_sleeve_may_have_any_name() -> None:
    """The names of sleeves are the desk's own: one called tokens is no secret."""
    settings = settings_of({"sleeves": {"tokens": {"accounts": {"alpaca": "A"}}}}, "desk.toml")
    assert settings.sleeve_accounts(load_profiles(), "") == {("tokens", "alpaca"): "A"}


def test_a_sleeve_is_bound_to_known_brokers_only() -> None:
    """An account at a broker that does not exist is an error: the binding would silently not count."""
    settings = settings_of({"sleeves": {"a": {"accounts": {"alpca": "A"}}}}, "desk.toml")
    with pytest.raises(ProblemError, match=r"sleeves\.a\.accounts\.alpca\]: unknown broker; did you mean 'alpaca'"):
        settings.sleeve_accounts(load_profiles(), "desk.toml")


def test_paths_begin_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """A relative path means a neighbour of the settings file, an absolute one itself."""
    (tmp_path / "desk.toml").write_text('database = "d.sqlite3"\n[files]\nbalances = "b.csv"\nquotes = "/q.csv"\n')
    settings = read_settings(tmp_path / "desk.toml")
    assert settings.database == str(tmp_path / "d.sqlite3")
    assert (settings.files.balances, settings.files.quotes) == (str(tmp_path / "b.csv"), "/q.csv")
    assert settings.files.listings is None


@pytest.mark.parametrize("text", ['mode = "simul', "[limits\n", "mode = 1\nmode = 2\n", "\0"])
def test_a_damaged_file_is_never_read_in_part(tmp_path: Path, text: str) -> None:
    """A half-written or truncated file is an error with its name, never a set of defaults."""
    (tmp_path / "desk.toml").write_text(text)
    with pytest.raises(ProblemError, match=r"desk\.toml"):
        read_settings(tmp_path / "desk.toml")


def test_the_default_database_is_among_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a name the database lies where the platform keeps a user's data."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_database() == tmp_path / "multibroker" / "multibroker.sqlite3"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('least_share = "0"', "above 0 and at most 1"),
        ('least_share = "1.5"', "above 0 and at most 1"),
        ("least_share = 0.5", "a TOML float is not exact"),
        ('least_value = "-1"', "an amount >= 0"),
        ("split_cost = 1.5", "a TOML float is not exact"),
        ('reserve_amount = "1e3"', "an amount >= 0"),
    ],
)
def test_shares_and_amounts_are_exact_and_in_range(tmp_path: Path, line: str, words: str) -> None:
    """What divides an order or keeps cash back is refused unless it is exact and makes sense."""
    path = tmp_path / "desk.toml"
    path.write_text(f"[policy]\n{line}\n", encoding="utf-8")
    with pytest.raises(ProblemError, match=words):
        read_settings(path)
