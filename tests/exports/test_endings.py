"""A name and what is in the file have to agree."""

import pytest

from exports import sources
from exports.endings import FAMILIES, disagreement, family
from exports.models import Source
from exports.probing import Found
from exports.tools import tools
from tests.exports.footage import project_of
from tests.fuzz import footage

BEGINNINGS = {
    "an MP4 or QuickTime film": b"\0\0\0\x20ftypisom",
    "a Matroska or WebM film": b"\x1aE\xdf\xa3\x93B\x82\x88matroska",
    "an AVI film": b"RIFF\x10\0\0\0AVI LIST",
    "an MPEG transport stream": (b"G" + bytes(187)) * 2,
    "an MPEG film": b"\0\0\1\xba\x44",
}


@pytest.mark.parametrize("found", FAMILIES)
def test_a_film_is_known_by_its_first_bytes_and_has_one_of_its_own_endings(found):
    beginning = BEGINNINGS[found]
    assert family(beginning) == found
    for each, endings in FAMILIES.items():
        for ending in endings:
            assert bool(disagreement(f"Beach{ending.upper()}", beginning)) == (each != found)


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.mp4.js", "a.m3u8", "a.jpg", "A.EXE", "a.txt"])
def test_a_film_under_the_name_of_something_else_is_told_to_be_called_what_it_is(name):
    said = disagreement(name, BEGINNINGS["an MP4 or QuickTime film"])
    assert said.startswith(f"It is called {name[name.rindex('.') :].lower()}, but it is an MP4")
    assert "Name it .mp4" in said


@pytest.mark.parametrize("name", ["a", "final.v2", "Take 3.final", "a.insv", ".mp4"])
def test_a_name_that_says_nothing_says_nothing_wrong(name):
    assert not disagreement(name, BEGINNINGS["a Matroska or WebM film"])


def test_what_is_no_film_by_its_first_bytes_is_left_to_the_look():
    assert not disagreement("a.mp4", b"#EXTM3U")


@pytest.mark.parametrize("name", footage.SORTS)
def test_every_sort_of_film_agrees_with_its_own_name(name):
    assert not disagreement(name, footage.one(name)[:512])


def test_a_source_that_says_it_is_something_else_is_refused_before_it_is_opened(owner, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(footage.one("plain.mp4"))

    def never(path):
        raise AssertionError("it was opened")

    source = sources.take_in(project_of(owner), path, tools(), probe=never)
    assert source.state == Source.State.REFUSED
    assert "It is called .html" in source.refusal
    whole = tmp_path / "page.mp4"
    whole.write_bytes(path.read_bytes())
    assert sources.take_in(project_of(owner), whole, tools(), probe=lambda path: Found(facts={})).state == "ready"
