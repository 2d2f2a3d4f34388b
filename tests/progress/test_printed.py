"""What was answered last is answered again only while it holds."""

import gzip
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from progress import printed
from progress.place import Place
from progress.printed import AGREES_FOR, Prints
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.progress.test_rows import Monotonic

pytestmark = pytest.mark.django_db
HERE = Place(zone=ZoneInfo("UTC"), prefix="/", language="en")


@pytest.fixture
def prints():
    return Prints(Monotonic())


@pytest.fixture
def running(job):
    ProgressTracker().start(job.pk)
    job.refresh_from_db()
    return job


def again(job):
    return type(job).objects.select_related("owner").get(pk=job.pk)


def test_a_second_viewer_is_given_the_same_bytes(prints, running):
    first = prints.of(running, HERE).body(None, "")
    assert prints.of(running, HERE).body(None, "") is first
    prints.clock.now += AGREES_FOR
    assert prints.of(running, HERE).body(None, "") is first, "no word has changed"


def test_they_end_with_the_row_that_they_are_of(prints, running):
    first = prints.of(running, HERE)
    same = again(running)
    assert prints.of(same, HERE) is not first
    assert prints.of(same, HERE).body(None, "") is not first.body(None, "")


def test_they_end_with_the_words_that_time_changes(prints, running, monkeypatch):
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    monkeypatch.setattr(printed, "snapshot", lambda job: snapshot(job, now))
    running.finish = now + timedelta(minutes=3)
    first = prints.of(running, HERE).body(None, "")
    assert b"3 minutes" in first.plain
    now += timedelta(minutes=1)
    assert prints.of(running, HERE).body(None, "") is first
    prints.clock.now += AGREES_FOR
    assert b"2 minutes" in prints.of(running, HERE).body(None, "").plain


def test_each_zone_and_each_prefix_has_its_own(prints, running):
    running.finish = timezone.now() + timedelta(hours=1)
    tokyo = Place(zone=ZoneInfo("Asia/Tokyo"), prefix="/", language="en")
    deeper = Place(zone=ZoneInfo("UTC"), prefix="/deeper/", language="en")
    bodies = [prints.of(running, place).body(None, "").plain.decode() for place in (HERE, tokyo, deeper)]
    assert [body.count("+09:00") for body in bodies] == [0, 1, 0]
    assert [f'hx-get="/deeper/exports/{running.pk}/fragment' in body for body in bodies] == [False, False, True]


def test_the_indicator_is_made_anew_with_anything_in_it(prints, running, owner):
    other = ProgressTracker().create("film@1", title="Reel 13", owner=owner)
    first = prints.of(running, HERE).body(prints.listed([running, other], HERE), "")
    assert b"Reel 13" in first.plain
    assert prints.of(running, HERE).body(prints.listed([running, again(other)], HERE), "") is first
    ProgressTracker().start(other.pk)
    assert prints.of(running, HERE).body(prints.listed([running, again(other)], HERE), "") is not first
    alone = prints.of(running, HERE).body(prints.listed([running], HERE), "")
    assert b"Reel 13" not in alone.plain
    assert b"indicator" not in prints.of(running, HERE).body(None, "").plain


def test_all_of_it_is_in_the_language_of_its_place(prints, running, owner, monkeypatch):
    monkeypatch.setattr(translation, "ngettext", lambda one, many, count: f"{translation.get_language()}: {many}")
    there = Place(zone=ZoneInfo("UTC"), prefix="/", language="eo")
    jobs = [running]
    for count in (2, 3):  # the second is compared with the first
        jobs.append(ProgressTracker().create("film@1", title="Reel 13", owner=owner))
        body = prints.of(running, there).body(prints.listed(jobs, there), "")
        assert f"eo: {count} exports" in body.plain.decode()


def test_a_token_is_given_to_nobody_else_and_never_compressed_to_the_same_length(prints, running, owner):
    other = ProgressTracker().create("film@1", title="Reel 13", owner=owner)
    ProgressTracker().complete(other.pk)
    listed = prints.listed([running, again(other)], HERE)
    mine = prints.of(running, HERE).body(listed, "m" * 64)
    theirs = prints.of(running, HERE).body(listed, "t" * 64)
    assert b"mmmm" in mine.plain
    assert b"mmmm" not in theirs.plain
    assert len({len(mine.small) for _ in range(20)}) > 1
    assert gzip.decompress(mine.small) == mine.plain


def test_what_has_no_secret_in_it_is_compressed_once(prints, running):
    body = prints.of(running, HERE).body(None, "")
    assert body.small is body.small
    assert gzip.decompress(body.small) == body.plain


def test_there_is_room_for_so_many(prints, running, monkeypatch):
    monkeypatch.setattr(printed, "MOST", 2)
    for name in ("UTC", "Asia/Tokyo", "Europe/Berlin"):
        prints.of(running, Place(zone=ZoneInfo(name), prefix="/", language="en"))
    assert len(prints._prints) <= 2
