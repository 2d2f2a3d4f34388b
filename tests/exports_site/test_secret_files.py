"""Secrets out of files: as good as out of the environment, and said without a word of what is in them."""

import pytest

from exports_site.secret_files import FILES, SECRET
from exports_site.variables import KNOWN
from tests.exports_site.reading import LONG, ids, settings_in
from tests.exports_site.test_environment import RIGHT

TOLD = {name: RIGHT[name] for name in SECRET if name in RIGHT}


@pytest.mark.parametrize("name", TOLD)
def test_a_secret_in_a_file_counts_as_if_it_stood_in_the_environment(name, tmp_path):
    told, value, expected = TOLD[name]
    (tmp_path / "secret").write_text(f"{value}\n")
    found = settings_in(tmp_path, **{"SECRET_KEY": LONG, f"{name}_FILE": str(tmp_path / "secret")} |
                        ({"SECRET_KEY": ""} if name == "SECRET_KEY" else {}))  # fmt: skip
    assert ids(found) == []
    assert told(found) == expected


def test_the_variable_itself_comes_first(tmp_path):
    (tmp_path / "secret").write_text("of the file")
    found = settings_in(tmp_path, LONGHAUL_METRICS_TOKEN="said", LONGHAUL_METRICS_TOKEN_FILE=str(tmp_path / "secret"))
    assert found.METRICS_TOKEN == "said"


@pytest.mark.parametrize("body", [None, b"", b" \n", b"x" * 20_000])
def test_a_file_that_cannot_be_used_is_said_by_the_name_of_its_variable(body, tmp_path):
    if body is not None:
        (tmp_path / "hunter2").write_bytes(body)
    found = settings_in(tmp_path, LONGHAUL_METRICS_TOKEN_FILE=str(tmp_path / "hunter2"))
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E018"
    assert problem.said.startswith("LONGHAUL_METRICS_TOKEN_FILE names a file that cannot be used: ")
    assert "hunter2" not in problem.said


def test_only_what_is_secret_has_a_file(tmp_path):
    assert set(SECRET) <= set(KNOWN)
    assert {name for name in KNOWN if name.endswith("_SECRET")} <= set(SECRET)
    (tmp_path / "n").write_text("7")
    found = settings_in(tmp_path, LONGHAUL_KEEP_DAYS_FILE=str(tmp_path / "n"))
    assert (ids(found), found.KEEP_DAYS) == (["longhaul.W001"], 0)
    assert all(name.endswith("_FILE") for name in FILES)
