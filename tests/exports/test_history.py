"""Finding one export among many: by title, id, state, project and date, page by page, and none is ever left out."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from exports import history
from exports.history import PAGE
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, project_of, requested, running

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def made(owner):
    """Exports of the owner, each in a project of its own."""

    def one(title, **columns):
        project = project_of(owner, f"Project of {title}")
        film_of(project, "beach.mov")
        export = requested(project, title=title)
        if columns:
            Job.objects.filter(pk=export.pk).update(**columns)
        return export

    return one


@pytest.fixture
def found(owner, signed_in):
    client = signed_in(owner)

    def titles(**asked):
        page = client.get("/exports/", asked)
        assert page.status_code == 200
        return re.findall(r'class="export-name"[^>]*><bdi>([^<]*)<', page.text)

    return titles


def test_exports_of_the_very_same_moment_are_all_listed_once(owner, make_job, signed_in):
    made = {make_job(owner, f"Reel {number}").pk for number in range(2 * PAGE + 3)}
    Job.objects.update(created_at=MOMENT)
    client, seen, query = signed_in(owner), [], ""
    while query is not None:
        page = client.get(f"/exports/{query}").text
        seen += re.findall(r'class="export-name" id="[^"]+" href="/exports/([^/]+)/', page)
        following = re.search(r'href="/exports/(\?[^"]*before=[^"]+)">Older exports', page)
        query = following and following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == len(made)
    assert set(seen) == {str(pk) for pk in made}


def test_by_any_part_of_the_title(made, found):
    made("Holiday in Norway")
    made("Reel 12")
    assert found(q="norw") == ["Holiday in Norway"]
    assert found(q="nothing like it") == []


def test_by_how_the_id_begins_with_or_without_dashes(made, found):
    export = made("Reel 12")
    made("Reel 13")
    for begins in (str(export.pk), str(export.pk)[:12], export.pk.hex[:10], export.pk.hex[:10].upper()):
        assert found(q=begins) == ["Reel 12"]


def test_by_how_it_stands(made, found):
    running(made("Running"))
    finished(made("Done"))
    ProgressTracker().fail(made("Broken").pk, cause="lost", text="Gone.")
    ProgressTracker().cancel(made("Stopped").pk, actor="user 1")
    assert found(state="active") == ["Running"]
    assert found(state="complete") == ["Done"]
    assert found(state="failed") == ["Broken"]
    assert found(state="cancelled") == ["Stopped"]
    assert found(state="expired") == []


def test_by_project(made, found):
    export = made("Reel 12")
    made("Reel 13")
    assert found(project=str(export.project_id)) == ["Reel 12"]


def test_by_a_project_that_is_older_than_those_that_are_offered(made, found, owner, stranger, monkeypatch):
    first, foreign = made("Holiday"), project_of(stranger, "Theirs")
    made("Harbour")
    monkeypatch.setattr(history, "MOST_PROJECTS", 1)
    assert found(project=str(first.project_id)) == ["Holiday"]
    assert len(found(project=str(foreign.pk))) == 2, "as if it had not been asked"


def test_by_date_in_the_viewers_zone(made, owner, signed_in):
    made("Late on the 19th in Berlin", created_at=MOMENT.replace(day=19, hour=22, minute=30))
    made("Early on the 20th in Berlin", created_at=MOMENT.replace(day=19, hour=23, minute=30))
    browser = Client()
    browser.force_login(owner)
    browser.cookies["zone"] = "Europe/Berlin"
    page = browser.get("/exports/", {"since": "2026-11-20", "until": "2026-11-20"}).text
    assert re.findall(r'class="export-name"[^>]*><bdi>([^<]*)<', page) == ["Early on the 20th in Berlin"]


def test_filters_hold_on_older_pages(owner, make_job, signed_in):
    for number in range(PAGE + 1):
        make_job(owner, f"Reel {number}")
    make_job(owner, "Holiday")
    page = signed_in(owner).get("/exports/", {"q": "Reel"}).text
    older = re.search(r'href="/exports/(\?[^"]+)">Older exports', page)[1].replace("&amp;", "&")
    assert "q=Reel" in older
    assert re.findall(r'class="export-name"[^>]*><bdi>([^<]*)<', signed_in(owner).get(f"/exports/{older}").text) == [
        "Reel 0"
    ]


def test_where_nothing_matches_it_says_so_and_leads_back(made, owner, signed_in):
    made("Reel 12")
    page = signed_in(owner).get("/exports/", {"q": "Holiday"}).text
    assert "Nothing matches" in page
    assert "Show all" in page
    assert "No exports yet" not in page


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "nonsense"},
        {"project": "x"},
        {"since": "2026-02-30"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"q": "a\x00b"},
        {"q": "x" * 300},
        {"kind": "nothing"},
    ],
)
def test_nonsense_is_as_if_it_had_not_been_asked(made, found, asked):
    made("Reel 12")
    assert found(**asked) == ["Reel 12"]


def test_nobody_finds_what_belongs_to_others(made, stranger, signed_in):
    export = made("Reel 12")
    client = signed_in(stranger)
    for asked in ({"q": "Reel"}, {"q": str(export.pk)}, {"project": str(export.project_id)}):
        assert "Reel 12" not in client.get("/exports/", asked).text


def test_the_newest_of_a_day_comes_first(made, found):
    for hour in (9, 11, 10):
        made(f"At {hour}", created_at=MOMENT - timedelta(hours=hour))
    assert found() == ["At 9", "At 10", "At 11"]
