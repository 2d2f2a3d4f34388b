import time
from datetime import UTC, datetime, timedelta

import pytest

from modal_functions.reporter import Reporter
from progress.report import from_wire
from tests.soon import soon

BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Written:
    """Where pictures go; as slow and as broken as it is told to be."""

    def __init__(self):
        self.pictures, self.broken = [], False

    def __call__(self, picture):
        if self.broken:
            raise OSError("no store")
        self.pictures.append(picture)

    @property
    def last(self):
        return self.pictures[-1]


@pytest.fixture
def written():
    return Written()


@pytest.fixture
def reporter(written):
    made = []

    def make(**more):
        now = iter(BEGAN + timedelta(seconds=second) for second in range(1_000_000))
        made.append(
            Reporter(job="7f3c", attempt=2, run=1, write=written, now=lambda: next(now), **({"every": 0.001} | more))
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_last_word_is_always_written(reporter, written):
    report = reporter(every=3600)
    report.stage("process", total=9000, unit="frames")
    for done in range(1, 9001):
        report.units(done)
    report.close()
    assert (written.last.stage, written.last.done, written.last.total) == ("process", 9000, 9000)
    assert len(written.pictures) <= 3, "what comes in between is left out"


def test_pictures_are_numbered_on(reporter, written):
    report = reporter()
    report.stage("process", total=50)
    for done in range(50):
        report.units(done)
        time.sleep(0.0005)
    report.close()
    numbers = [picture.seq for picture in written.pictures]
    assert numbers == sorted(set(numbers))


def test_each_picture_holds_all_stages_so_far(reporter, written):
    report = reporter()
    report.stage("start")
    report.stage("fetch", total=10, unit="bytes")
    report.units(10)
    report.stage("process", total=9000, unit="frames", note="clip 1")
    report.close()
    last = written.last
    assert [(each.stage, each.done, each.total) for each in last.passed] == [("start", None, None), ("fetch", 10, 10)]
    assert all(each.ended >= each.began for each in last.passed)
    assert (last.stage, last.done, last.total, last.unit, last.note) == ("process", 0, 9000, "frames", "clip 1")
    assert last.as_wire()["passed"][1]["stage"] == "fetch"


def test_units_never_go_back_within_a_stage_nor_over_its_total(reporter, written):
    report = reporter()
    report.stage("process", total=90)
    report.units(50)
    report.units(40)
    assert report.picture.done == 50
    report.units(95)
    assert report.picture.done == 90


def test_while_nobody_knows_how_much_there_is_what_is_told_can_be_read_all_the_same(reporter):
    """As of a video in pieces, of which the site that it is fetched from says no size."""
    report = reporter()

    def read():
        return from_wire({**report.picture.as_wire(), "job": "00000000-0000-4000-8000-000000000000"})

    report.stage("downloading", unit="bytes", note="Asking for the video")
    report.units(5_000_000, None, note="Downloading")
    assert (read().done, read().total, read().note) == (None, None, "Downloading")
    report.units(9_000_000, 9_000_000)
    assert (read().done, read().total) == (9_000_000, 9_000_000)
    report.stage("uploading", unit="bytes")
    report.kept(7)
    report.units(8)
    report.stage("downloaded")
    assert [(each.done, each.total) for each in read().passed] == [(9_000_000, 9_000_000), (None, None)]


def test_a_store_that_fails_is_not_the_works_trouble_and_the_next_picture_has_it_all(reporter, written):
    written.broken = True
    report = reporter()
    report.stage("process", total=90)
    report.units(10)
    time.sleep(0.02)
    written.broken = False
    is_there = lambda: written.pictures and written.last.done == 10  # noqa: E731
    assert soon(is_there), "what could not be written is written as soon as it can be"


def test_closing_with_a_broken_store_ends_all_the_same(reporter, written):
    written.broken = True
    report = reporter()
    report.stage("process", total=90)
    report.close()
    assert written.pictures == []
