"""`manage.py check` in environments of its own: what is wrong is said with an id and a hint, never with a traceback."""

import secrets

import pytest

from tests.deploy_check import manage, production

LONG = secrets.token_urlsafe(50)
STRICT = ("check", "--deploy", "--fail-level", "WARNING")


def said(ended):
    told = ended.stdout + ended.stderr
    assert "Traceback" not in told
    return told


def test_an_installation_that_was_told_nothing_is_in_order(tmp_path):
    ended = manage({"LONGHAUL_HOME": str(tmp_path)}, "check")
    assert (ended.returncode, "no issues" in said(ended)) == (0, True), said(ended)


def test_everything_wrong_at_once_is_told_at_once(tmp_path):
    wrong = {
        "LONGHAUL_HOME": str(tmp_path),
        "LONGHAUL_URL": "https://[",
        "LONGHAUL_BIND": "everywhere",
        "LONGHAUL_WEB_PROCESSES": "many",
        "LONGHAUL_CLUSTER_PROCESSES": "0",
        "LONGHAUL_GUESTS": "perhaps",
        "LONGHAUL_LOG_LEVEL": "LOUD",
        "LONGHAUL_POLL_SECONDS": "9" * 5000,
        "LONGHAUL_POLLS_FROM_MEMORY": "a little",
        "LONGHAUL_TIME_ZONE": "Mars/Olympus",
        "LONGHAUL_COLOUR": "red",
        "DATABASE_URL": "mysql://u:hunter2@h/film",
        "SECRET_KEY": "hunter2",
    }
    ended = manage(wrong, "check")
    assert ended.returncode == 1
    told = said(ended)
    for name in set(wrong) - {"LONGHAUL_HOME"}:
        assert f") {name} " in told, name
    for number in ("E002", "E003", "E004", "E005", "E006", "E007", "E008", "W001"):
        assert f"longhaul.{number}" in told
    assert told.count("HINT: ") == len(wrong) - 1
    assert "hunter2" not in told


BROKEN = {
    "a home below a file": ({"LONGHAUL_HOME": "{file}/home"}, "longhaul.E010", "Set LONGHAUL_HOME to a folder"),
    "a secret of nothing": ({"LONGHAUL_HOME": "{home}"}, "longhaul.E011", "Remove it: the next start makes a new one"),
    "a database without a name": ({"DATABASE_URL": "postgresql://"}, "longhaul.E007", "postgresql://user:password@"),
    "a production without secret": ({"LONGHAUL_URL": "https://a.example"}, "longhaul.E009", "Give every machine"),
}


@pytest.mark.parametrize(("environ", "number", "hint"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_told_with_an_id_and_a_hint(environ, number, hint, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret-key").touch()
    places = {"file": tmp_path / "file", "home": tmp_path / "home"}
    here = {name: value.format(**places) for name, value in environ.items()}
    ended = manage({"LONGHAUL_HOME": str(tmp_path / "other"), **here}, "check")
    assert ended.returncode == 1
    assert f"({number})" in said(ended)
    assert f"HINT: {hint}" in said(ended)


@pytest.mark.parametrize(
    ("told", "numbers"),
    [
        ({}, ["E109", "E110"]),
        ({"MODAL_TOKEN_ID": "ak-1"}, ["E109", "E110"]),
        ({"MODAL_TOKEN_ID": "ak-1", "MODAL_TOKEN_SECRET": "as-1"}, ["E110"]),
        ({"LONGHAUL_STORE": "s3://films"}, ["E109"]),
        ({"LONGHAUL_RUNNER": "local"}, []),
    ],
)
def test_what_modal_needs_is_told_before_anything_is_started(told, numbers, tmp_path):
    ended = manage({"LONGHAUL_HOME": str(tmp_path), "LONGHAUL_RUNNER": "modal"} | told, "check")
    assert [number for number in ("E109", "E110") if f"(longhaul.{number})" in said(ended)] == numbers


def test_a_mistyped_name_alone_stops_nothing(tmp_path):
    ended = manage({"LONGHAUL_HOME": str(tmp_path), "LONGHAUL_GUEST": "off"}, "check")
    assert ended.returncode == 0
    assert "Did you mean LONGHAUL_GUESTS?" in said(ended)


def test_a_complete_production_passes_the_strictest_check(tmp_path):
    ended = manage(production(tmp_path), *STRICT)
    assert (ended.returncode, "no issues" in said(ended)) == (0, True), said(ended)


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"LONGHAUL_URL": ""}, "longhaul.E101"),
        ({"LONGHAUL_URL": "http://longhaul.example"}, "longhaul.E102"),
        ({"DATABASE_URL": ""}, "longhaul.W102"),
        ({"SECRET_KEY": ""}, "longhaul.E009"),
        ({"SECRET_KEY": "x" * 60}, "security.W009"),
    ],
)
def test_an_incomplete_production_does_not(change, number, tmp_path):
    ended = manage(production(tmp_path) | change, *STRICT)
    assert ended.returncode == 1
    assert f"({number})" in said(ended)


def test_no_migration_is_missing(tmp_path):
    ended = manage({"LONGHAUL_HOME": str(tmp_path)}, "makemigrations", "--check", "--dry-run")
    assert ended.returncode == 0, said(ended)
