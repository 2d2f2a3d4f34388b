"""The exact words of UX 8.3."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from progress import wording

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "Almost done..."),
        (10, "Almost done..."),
        (11, "Less than a minute remaining"),
        (60, "Less than a minute remaining"),
        (61, "About 1 minute remaining"),
        (119, "About 2 minutes remaining"),
        (9.4 * MINUTE, "About 9 minutes remaining"),
        (12.6 * MINUTE, "About 13 minutes remaining"),
        (20 * MINUTE, "About 20 minutes remaining"),
        (43 * MINUTE, "About 45 minutes remaining, done around 15:45"),
        (90 * MINUTE, "About 90 minutes remaining, done around 16:30"),
        (93 * MINUTE, "About 90 minutes remaining, done around 16:35"),
        (96 * MINUTE, "About 1 hour 40 minutes remaining, done around 16:35"),
        (2 * HOUR, "About 2 hours remaining, done around 17:00"),
        (3 * HOUR + 4 * MINUTE, "About 3 hours remaining, done around 18:05"),
        (23 * HOUR, "About 23 hours remaining, done around 14:00"),
        (49 * HOUR, "About 49 hours remaining"),
    ],
)
def test_how_long_it_will_take(seconds, words):
    assert wording.remaining(seconds, now=NOW) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (12 * MINUTE, 18.2 * MINUTE, "12–18 minutes remaining"),
        (12 * MINUTE, 17 * MINUTE, "About 15 minutes remaining"),
        (20, 90, "1–2 minutes remaining"),
        (4 * MINUTE, 31 * MINUTE, "4–30 minutes remaining"),
    ],
)
def test_a_wide_range_is_told_as_a_range(low, high, words):
    assert wording.remaining(15 * MINUTE, low=low, high=high, now=NOW) == words


def test_a_range_of_hours():
    words = wording.remaining(2 * HOUR, low=HOUR, high=3 * HOUR, now=NOW)
    assert words == "60 minutes to 3 hours remaining, done around 17:00"


def test_a_range_whose_ends_are_the_same_in_words_is_one_number():
    assert wording.span(50, 80) == "1 minute"
    assert wording.span(88 * MINUTE, 93 * MINUTE) == "90 minutes", "and not 90 minutes to 1 hour 30 minutes"
    assert wording.span(88 * MINUTE, 96 * MINUTE) == "90 minutes to 1 hour 40 minutes"


def test_the_clock_is_the_viewers():
    with timezone.override("Europe/Berlin"):
        assert wording.remaining(43 * MINUTE, now=NOW).endswith("done around 16:45")


def test_past_the_range():
    assert (
        wording.overdue(7310, 9000, "frames")
        == "Taking longer than usual. Still making progress: 7,310 of 9,000 frames."
    )
    assert wording.overdue(None, None, "") == "Taking longer than usual."
    assert wording.overdue(0, 9000, "frames") == "Taking longer than usual."


def test_queued():
    assert (
        wording.queued(3, 4 * MINUTE, 7 * MINUTE)
        == "Waiting to start. 3 exports ahead of you. Starts in about 4–7 minutes."
    )
    assert wording.queued(1) == "Waiting to start. 1 export ahead of you."
    assert wording.queued(0) == "Waiting to start. You are next."
    assert wording.queued(None) == "Waiting to start."


def test_paused():
    assert wording.paused(6 * MINUTE) == "Paused. About 6 minutes of work left."
    assert wording.paused(None) == "Paused."


def test_the_render_service_out_of_reach():
    assert wording.unreachable("runner") == "We can't reach the render service right now. Your export is not affected."


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (84_300_000, "84 MB"), (1_250_000_000, "1.2 GB")],
)
def test_sizes(count, words):
    assert wording.size(count) == words


DURATIONS = [
    (0.4, "under 1 s"),
    (42.9, "42 s"),
    (60.4, "1 min"),
    (185, "3 min 5 s"),
    (4320, "1 h 12 min"),
    (7200, "2 h"),
]


@pytest.mark.parametrize(("seconds", "words"), DURATIONS)
def test_durations(seconds, words):
    assert wording.took(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (30, "in less than a minute"), (170, "in about 3 min"), (2 * HOUR, "in about 2 h")],
)
def test_in_brief(seconds, words):
    assert wording.in_brief(seconds) == words


def test_in_brief_it_is_not_nearer_than_the_page_says():
    assert wording.remaining(50, low=30, high=80, now=NOW) == "About 1 minute remaining"
    assert wording.in_brief(50, low=30, high=80) == "in about 1 min"
    assert wording.remaining(50, low=45, high=55, now=NOW) == "Less than a minute remaining"
    assert wording.in_brief(50, low=45, high=55) == "in less than a minute"
    assert wording.in_brief(9, low=1, high=80) == "in less than a minute"  # where the page says "Almost done..."


def test_a_range_whose_ends_are_told_alike_is_about_one():
    assert wording.remaining(62, low=40, high=70, now=NOW) == "About 1 minute remaining"


@pytest.mark.parametrize(("whole", "said"), [(0, "0 %"), (33, "33 %"), (100, "100 %")])
def test_a_percent_is_written_in_one_way(whole, said):
    assert wording.percent(whole) == said


@pytest.mark.parametrize(("share", "said"), [(0.0, "0 %"), (0.333, "33 %"), (0.995, "100 %"), (12.5, "1,250 %")])
def test_a_share_is_written_as_a_percent(share, said):
    assert wording.share(share) == said
