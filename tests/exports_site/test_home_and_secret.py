"""The folder of an installation, and the secret key that it makes for itself."""

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.exports_site.reading import LONG, environment, ids, settings_in


def test_a_secret_key_that_is_too_short_is_told_by_its_length_alone(tmp_path):
    found = settings_in(tmp_path, SECRET_KEY="hunter2")
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E008"
    assert problem.said == "SECRET_KEY has 7 characters; expected at least 50."
    assert "hunter2" not in problem.said + problem.hint


def test_production_wants_a_secret_key_from_the_environment(tmp_path):
    found = settings_in(tmp_path, LONGHAUL_URL="https://exports.example.com")
    assert ids(found) == ["longhaul.E009"]
    assert "SECRET_KEY is not set; expected at least 50 random characters." in found.PROBLEMS[0].said
    assert len(found.SECRET_KEY) >= 50


def test_the_installations_own_secret_is_made_once_and_nobody_else_may_read_it(tmp_path):
    home = tmp_path / "not" / "there" / "yet"
    first, second = settings_in(home), settings_in(home)
    assert first.SECRET_KEY == second.SECRET_KEY == (home / "secret-key").read_text()
    assert len(first.SECRET_KEY) >= 50
    assert stat.S_IMODE((home / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secret-key"]


def test_two_installations_have_two_secrets(tmp_path):
    assert settings_in(tmp_path / "one").SECRET_KEY != settings_in(tmp_path / "other").SECRET_KEY


def test_a_given_key_leaves_no_file_but_makes_the_home_for_the_database(tmp_path):
    settings_in(tmp_path / "home", SECRET_KEY=LONG)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_home_with_a_tilde_is_the_users_also_where_no_shell_has_read_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "olga"))
    assert environment(tmp_path, LONGHAUL_HOME="~/films").home("LONGHAUL_HOME") == tmp_path / "olga" / "films"
    assert environment(tmp_path, LONGHAUL_HOME="~no.body/x").home("LONGHAUL_HOME") == tmp_path / "~no.body" / "x"


def test_eight_first_starts_at_once_agree_on_one_secret(tmp_path):
    for turn in range(20):
        home, together = tmp_path / str(turn), Barrier(8)

        def start(_, home=home, together=together):
            here = environment(home)
            home.mkdir(exist_ok=True)
            together.wait()
            return here.secret_key(home, production=False), here.problems

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(start, range(8)))
        assert {secret for secret, _ in answers} == {(home / "secret-key").read_text()}
        assert [problems for _, problems in answers] == [[]] * 8
        assert [path.name for path in home.iterdir()] == ["secret-key"]


@pytest.mark.parametrize("kept", [b"", b"short\n", b"\xff\xfe\x00"], ids=["nothing", "little", "bytes"])
def test_a_kept_secret_that_is_no_secret_is_told_and_not_used(kept, tmp_path):
    (tmp_path / "secret-key").write_bytes(kept)
    found = settings_in(tmp_path)
    assert ids(found) == ["longhaul.E011"]
    assert str(tmp_path / "secret-key") in found.PROBLEMS[0].said
    assert len(found.SECRET_KEY) >= 50
    assert (tmp_path / "secret-key").read_bytes() == kept, "nothing is overwritten"


def test_a_newline_at_its_end_is_no_part_of_the_secret(tmp_path):
    (tmp_path / "secret-key").write_text(LONG + "\n")
    assert settings_in(tmp_path).SECRET_KEY == LONG


# The home


@pytest.mark.parametrize("place", ["a file", "a file/below"], ids=["is a file", "below a file"])
def test_a_home_that_cannot_be_made_is_told_and_the_start_goes_on_to_say_so(place, tmp_path):
    (tmp_path / "a file").touch()
    found = settings_in(tmp_path / place)
    assert set(ids(found)) == {"longhaul.E010"}
    assert str(tmp_path / place) in found.PROBLEMS[0].said
    assert found.PROBLEMS[0].hint == "Set LONGHAUL_HOME to a folder that this user may write."
    assert len(found.SECRET_KEY) >= 50


def test_a_relative_home_is_in_the_installation_and_not_where_somebody_stands(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert environment(tmp_path, LONGHAUL_HOME="exports").home("LONGHAUL_HOME") == tmp_path / "exports"
    assert environment(tmp_path).home("LONGHAUL_HOME") == tmp_path / "var"
