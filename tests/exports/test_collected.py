"""Static files are collected when they have changed, and only then."""

import pytest

from exports.collected import collect


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
