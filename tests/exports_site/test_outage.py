"""A database that cannot be written: every page says so in a sentence, nothing is half done, and it heals by itself."""

import contextlib
import json
import sqlite3

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse

from exports.models import Attempt, Export, Project, Token
from exports.views import lazy
from exports_site.outage import AWAY, BUSY, FULL, READ_ONLY, in_words
from progress.models import Job
from tests.exports.footage import film_of, finished, project_of, requested

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = {"Accept": "text/html,*/*"}
OUTPUT = {"do": "export", "title": "Short", "size": "720p", "rate": "25", "quality": "high"}
HTMX = {"HX-Request": "true", "Accept": "*/*"}


@pytest.fixture
def locked(transactional_db):
    """Another connection holds the database, as a backup or a second program does."""
    if connection.vendor != "sqlite":
        pytest.skip("Postgres keeps nobody out: it locks rows, not the database")

    @contextlib.contextmanager
    def held():
        connection.ensure_connection()
        connection.connection.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    return held


@pytest.fixture
def browser(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def project(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Project, Export, Attempt, Job)]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("database is locked", BUSY),
        ("database table is locked", BUSY),
        ("canceling statement due to lock timeout", BUSY),
        ("database or disk is full", FULL),
        ('could not extend file "base/5/16384": No space left on device', FULL),
        ("attempt to write a readonly database", READ_ONLY),
        ("cannot execute UPDATE in a read-only transaction", READ_ONLY),
        ("connection to server at 127.0.0.1 failed: Connection refused", AWAY),
    ],
)
def test_each_way_a_database_can_fail_has_its_sentence(said, sentence):
    assert in_words(OperationalError(said)) == sentence
    assert in_words(InterfaceError(said)) == sentence


def test_a_locked_database_is_said_on_a_page_and_the_same_press_works_afterwards(browser, locked):
    with locked():
        answer = browser.post(reverse("projects"), {"name": "Harbour"}, headers=PAGE)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert BUSY in answer.text
    assert "<h1>The server cannot do this now</h1>" in answer.text
    assert browser.post(reverse("projects"), {"name": "Harbour"}, headers=PAGE).status_code == 302
    assert Project.objects.get().name == "Harbour"


def test_a_script_is_told_in_json(browser, locked, project):
    address = reverse("uploads", args=[project.pk])
    asked = {"filename": "dune.mov", "size": 5}
    with locked():
        answer = browser.post(address, json.dumps(asked), content_type="application/json", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()) == (503, {"error": BUSY})
    assert project.sources.count() == 1, "nothing was begun"
    assert browser.post(address, json.dumps(asked), content_type="application/json").status_code == 200


def test_the_api_says_it_in_its_own_shape_and_goes_on_answering_questions(locked, owner):
    _, token = Token.make(owner, name="nightly", scope="write")
    script = Client(headers={"Authorization": f"Bearer {token}"})
    with locked():
        told = script.post("/api/v1/projects", {"name": "Harbour"}, content_type="application/json")
        assert script.get("/api/v1/me").json()["name"] == owner.username
    assert (told.status_code, told["Content-Type"]) == (503, "application/problem+json")
    assert (told.json()["detail"], told.json()["type"]) == (BUSY, "/api/docs#problem-away")
    assert int(told["Retry-After"]) > 0
    assert not Project.objects.exists()


def test_a_press_on_a_button_changes_nothing_or_all(browser, locked, project):
    export = requested(project)
    before = rows()
    with locked():
        answer = browser.post(reverse("cancel", args=[export.pk]), headers=HTMX)
        assert (answer.status_code, answer.json()["error"]) == (503, BUSY)
        pressed = browser.post(reverse("film", args=[project.pk]), OUTPUT, headers=HTMX)
        assert pressed.status_code == 503
    assert rows() == before


def test_pages_that_only_show_go_on_showing(browser, locked, project):
    """What they would write beside it is left for the next page."""
    done, under_way = finished(requested(project, title="Old")), requested(project, title="New")
    Job.objects.filter(pk=done.pk).update(unseen=True)
    lazy.lazily.cache_clear()
    with locked():
        for export, title in ((done, "Old"), (under_way, "New")):
            page = browser.get(reverse("export", args=[export.pk]), headers=PAGE)
            assert (page.status_code, title in page.text) == (200, True)
        for name in ("projects", "dashboard"):
            assert browser.get(reverse(name), headers=PAGE).status_code == 200
        poll = browser.get(reverse("export-fragment", args=[under_way.pk]), {"v": "old", "actions": "x"}, headers=HTMX)
        assert (poll.status_code, "0 %" in poll.text) == (200, True)
    assert Job.objects.get(pk=done.pk).unseen
    browser.get(reverse("export", args=[done.pk]), headers=PAGE)
    assert not Job.objects.get(pk=done.pk).unseen


def test_afterwards_whoever_writes_waits_as_long_as_ever(browser, locked, project):
    requested(project)
    lazy.lazily.cache_clear()
    browser.get(reverse("dashboard"))
    usual = round(1000 * settings.DATABASES["default"]["OPTIONS"]["timeout"])
    assert connection.connection.execute("PRAGMA busy_timeout").fetchone() == (usual,)
