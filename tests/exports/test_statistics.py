"""Figures of what was exported: one's own, everyone's for staff, and for passers-by what many have in common."""

import random
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports import kinds
from exports.models.bulk import Bulk
from exports.statistics import days, truth, work
from exports.statistics import page as words_of_page
from exports.statistics.scope import FEWEST, Scope, Spread
from exports.views import statistics as views
from progress.models import Forecast, Job
from tests.conftest import Clock
from tests.exports.lives import Lives

pytestmark = pytest.mark.django_db

NAMES = ("total_jobs", "completed_jobs", "failed_jobs", "active_jobs", "average_processing_time_seconds")


@pytest.fixture(autouse=True)
def nothing_kept_for_passers_by():
    views.public_page.cache_clear()
    views.public_figures.cache_clear()


@pytest.fixture
def clock():
    """Yesterday, and at noon: those of one life are of one day, and of the last thirty."""
    return Clock((timezone.now() - timedelta(days=1)).replace(hour=12, minute=0))


@pytest.fixture
def lives(tracker, clock, django_capture_on_commit_callbacks):
    """Each teaches before the next begins."""
    played = Lives(tracker, clock, luck=random.Random(1))
    whole = played.whole

    def taught(*args, **more):
        with django_capture_on_commit_callbacks(execute=True):
            return whole(*args, **more)

    played.whole = taught
    return played


def told(client, **asked):
    return client.get(reverse("stats"), asked).json()


def test_the_five_names_are_there_whoever_asks(signed_in, visitor, owner, staff, lives):
    for client in (visitor, signed_in(owner), signed_in(staff)):
        assert set(NAMES) <= set(told(client))
    assert [told(signed_in(owner))[name] for name in NAMES] == [0, 0, 0, 0, None]


def test_everyone_sees_what_is_theirs_and_staff_sees_all(signed_in, owner, stranger, staff, lives):
    mine, other = lives.project(owner), lives.project(stranger)
    for project in (mine, mine, other):
        lives.whole(project)
    failed = lives.begin(mine)
    lives.tracker.fail(failed.pk, cause="out_of_memory", text="x")
    lives.begin(other)
    assert [told(signed_in(owner))[name] for name in NAMES[:4]] == [3, 2, 1, 0]
    assert [told(signed_in(stranger))[name] for name in NAMES[:4]] == [2, 1, 0, 1]
    assert [told(signed_in(staff))[name] for name in NAMES[:4]] == [5, 3, 1, 1]
    assert told(signed_in(owner))["failures"] == {"out_of_memory": 1}


def test_nothing_that_few_have_made_is_told_to_passers_by(signed_in, visitor, owner, lives):
    project = lives.project(owner)
    for _ in range(FEWEST - 1):
        lives.whole(project)
    lives.tracker.fail(lives.begin(project).pk, cause="out_of_memory", text="x")
    hidden = told(visitor)
    assert [hidden[name] for name in NAMES] == [FEWEST, None, None, 0, None]
    assert hidden["failures"] == {}
    assert hidden["forecasts"] == hidden["league"] == []
    page = visitor.get(reverse("statistics")).text
    assert "fewer than 5" in page
    plotted = re.findall(r'<svg class="plot".*?<title[^>]*>([^<]+)', page, re.DOTALL)
    assert plotted == ["Exports a day", "Uploading, by size", "Waiting"]  # that all five have in common
    assert told(signed_in(owner), of="everyone") == hidden  # whoever asks as one of many is told no more


def test_what_many_have_made_is(visitor, owner, lives):
    project = lives.project(owner)
    for _ in range(FEWEST):
        lives.whole(project)
    views.public_figures.cache_clear()
    assert told(visitor)["completed_jobs"] == FEWEST
    assert told(visitor)["average_processing_time_seconds"] > 1


def test_passers_by_cost_the_database_little_however_often_they_ask(visitor, owner, lives):
    visitor.get(reverse("statistics"))
    with CaptureQueriesContext(connection) as queries:
        visitor.get(reverse("statistics"))
    assert len(queries) == 0


def test_the_days_that_passers_by_are_shown_are_the_sites_whoever_asked_first(visitor):
    late = (timezone.now() - timedelta(days=3)).replace(hour=23, minute=30)
    jobs = [Job(pipeline="multi_clip@1", title="Reel", created_at=late, plan={}) for _ in range(FEWEST)]
    Job.objects.bulk_create(jobs)
    visitor.cookies["zone"] = "Pacific/Auckland"
    page = visitor.get(reverse("statistics")).text
    assert (f"{late:%Y-%m-%d}" in page, f"{late + timedelta(days=1):%Y-%m-%d}" in page) == (True, False)


def test_the_page_costs_no_more_queries_for_many_exports_than_for_few(signed_in, owner, lives):
    project, client = lives.project(owner), signed_in(owner)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("statistics")).status_code == 200
        return len(queries)

    lives.whole(project)
    few = cost()
    for _ in range(4):
        lives.whole(project)
    assert cost() == few < 30


def test_what_was_measured_is_told(owner, lives):
    project = lives.project(owner)
    for quality in ("draft", "standard", "standard"):
        lives.whole(project, quality=quality)
    scope = Scope(owner=owner.pk)
    assert {each.label: each.spread.n for each in work.a_frame(scope)} == {
        "multi_clip@1, 1280 × 720, draft": 1,
        "multi_clip@1, 1280 × 720, standard": 2,
    }
    [uploads], [downloads] = work.uploads(scope), work.downloads(scope)
    assert (uploads.label, uploads.spread.median) == ("30–100 MB", 3.0)
    assert (downloads.label, downloads.spread.n) == ("1–10 MB", 3)
    start, cold = work.starts(scope)
    assert start.n == 3
    assert cold == 0
    assert work.waits(scope).median == pytest.approx(2.0)
    assert dict(days.by_day(scope, lives.clock(), None)) == {lives.clock().date(): 3}


def test_forecasts_are_told_with_how_true_they_were(owner, lives):
    project = lives.project(owner)
    for _ in range(8):
        lives.whole(project)
    found = {each.percent: each for each in truth.checkpoints(Scope(owner=owner.pk))[0]}
    assert found[75].within_20 > 0.9
    assert found[75].n >= found[0].n == 3  # the first five are of a kind that is new
    assert truth.of_page(Scope()).n == 3
    [table] = truth.league(Scope(), truth.kinds(Scope()))
    assert table.standings[0].estimator == table.serves == "learned"
    assert {each.estimator for each in table.standings} >= {"learned", "linear", "rolling", "stage_sum"}
    assert truth.worsened(Scope())[1] == 8


def test_every_plot_has_a_name_and_a_table_and_no_style_of_its_own(signed_in, owner, lives):
    project = lives.project(owner)
    for _ in range(6):
        lives.whole(project)
    lives.tracker.fail(lives.begin(project).pk, cause="out_of_memory", text="x")
    answer = signed_in(owner).get(reverse("statistics"))
    page = answer.text
    plots = re.findall(r"<svg class=\"plot\".*?</svg>", page, re.DOTALL)
    assert len(plots) >= 6
    for plot in plots:
        assert 'role="img"' in plot
        assert re.search(r"<title id=\"[\w-]+\">[^<]+</title>", plot)
        assert re.search(r"<desc id=\"[\w-]+\">[^<]+</desc>", plot)
    named = set(re.findall(r' id="([^"]+)"', page))
    assert all(each in named for ids in re.findall(r'aria-labelledby="([^"]+)"', page) for each in ids.split())
    assert page.count("<table>") >= len(plots)
    assert "style=" not in page
    assert "<style" not in page


def test_the_numbers_that_are_told_of_a_spread_are_some_that_were_measured():
    spread = Spread.of([float(number) for number in range(1, 11)])
    assert (spread.n, spread.low, spread.median, spread.high, spread.average) == (10, 2.0, 5.5, 9.0, 5.5)
    assert Spread.of([3.0]).high == 3.0


def test_without_any_export_the_page_says_when_there_will_be_more(signed_in, owner):
    assert "as soon as an export has ended" in signed_in(owner).get(reverse("statistics")).text


def test_a_clumsy_question_is_no_error(visitor, signed_in, owner):
    assert signed_in(owner).get(reverse("statistics"), {"of": "\x00"}).status_code == 200
    assert visitor.post(reverse("stats")).status_code == 405
    assert not Forecast.objects.exists()
    assert not Job.objects.exists()


def test_acts_of_staff_on_many_are_no_exports(visitor, owner, staff, tracker, lives):
    project = lives.project(owner)
    for _ in range(FEWEST):
        lives.whole(project)
    before = told(visitor)
    for _ in range(FEWEST):
        act = Bulk.begin("retry", [], by=staff, title="Retry", reason="", given="")
        tracker.update_progress_incremental(act.pk, 1, 2, "exports", stage="act")
        tracker.complete(act.pk)
    views.public_figures.cache_clear()
    assert told(visitor) == before
    assert "bulk@1" not in {table.pipeline for table in truth.league(Scope(), truth.kinds(Scope()))}


# In words


def test_the_page_writes_percents_as_every_page_does_and_kinds_in_the_words_of_people(signed_in, owner, lives):
    project = lives.project(owner)
    for _ in range(FEWEST):
        lives.whole(project)
    page = signed_in(owner).get(reverse("statistics")).text
    told = re.sub(r"<[^>]*>", " ", page)
    assert re.findall(r"[0-9]%", told) == []
    assert re.search(r"[0-9] %", told)
    assert "multi_clip" not in told
    assert "Film from clips, 1280 × 720, standard" in told
    assert "Film from clips, 20 chunks or more" in told


def test_an_error_beyond_measure_is_told_in_times_and_not_in_thousands_of_percent():
    assert words_of_page._off(0.004) == "neither"
    assert words_of_page._off(-0.25) == "25 % too early"
    assert words_of_page._off(1.5) == "150 % too late"
    assert words_of_page._off(69.35) == "69 times the whole too late"
    assert words_of_page._error(69.35) == "69 times the whole"
    assert words_of_page._error(0.07) == "7 %"


def test_kinds_are_named_by_their_labels_and_older_ones_with_their_version():
    assert kinds.named("multi_clip@1") == "Film from clips"
    assert kinds.named("assembly@1") == f"{kinds.get('assembly').label}, version 1"
    assert kinds.named("gone_for_good@3") == "Gone for good, version 3"
