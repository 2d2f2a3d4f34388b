"""Static files are collected when they have changed, and only then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exports.collected import collect

BESIDE = """
import django; django.setup()
from exports.collected import collected_beside
with collected_beside():
    print("meanwhile", flush=True)
print("afterwards")
"""


@pytest.fixture
def source(settings, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], tmp_path / "collected"
    (source / "site.css").write_text("a {}")
    return source


def test_they_are_collected_once(source, settings):
    assert collect()
    assert (settings.STATIC_ROOT / "site.css").read_text() == "a {}"
    assert not collect()


@pytest.mark.parametrize("change", ["changed", "came", "went"])
def test_and_again_as_soon_as_one_of_them(source, settings, change):
    collect()
    if change == "changed":
        (source / "site.css").write_text("a { color: red }")
    elif change == "came":
        (source / "more.css").write_text("")
    else:
        (source / "site.css").unlink()
    assert collect()
    assert not collect()


def test_and_where_they_were_taken_away(source, settings):
    collect()
    for file in settings.STATIC_ROOT.iterdir():
        file.unlink()
    settings.STATIC_ROOT.rmdir()
    assert collect()
    assert (settings.STATIC_ROOT / "site.css").exists()


def beside(home):
    around = os.environ | {"LONGHAUL_HOME": str(home), "DJANGO_SETTINGS_MODULE": "exports_site.settings"}
    command = [sys.executable, "-c", BESIDE]
    return subprocess.run(
        command, cwd=Path(__file__).parents[2], env=around, capture_output=True, text=True, timeout=120, check=False
    )


def test_beside_something_else_they_are_there_when_that_is_done(tmp_path):
    done = beside(tmp_path)
    assert (done.returncode, done.stdout) == (0, "meanwhile\nafterwards\n"), done.stderr
    styles = list((tmp_path / "static").glob("site.????????????.css"))
    assert [path.with_name(f"{path.name}.br").stat().st_size < path.stat().st_size / 2 for path in styles] == [True]


def test_what_goes_wrong_beside_something_else_is_told_and_ends_it(tmp_path):
    (tmp_path / "static").write_text("a file where a folder belongs")
    done = beside(tmp_path)
    assert (done.returncode, done.stdout) == (1, "meanwhile\n")
    assert "The static files could not be collected" in done.stderr
