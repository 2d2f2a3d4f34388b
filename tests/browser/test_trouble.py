"""What people see when the ground gives way: a sentence that says what happened, and a way on when it is over."""

import contextlib
import os
import sqlite3
import subprocess

import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.models import F, Q
from django.urls import reverse
from playwright.sync_api import expect

from exports import room, runners, sources
from exports.driver import one_pass
from exports.models import Attempt, Clip, Export, Project, Source
from exports.steps import MOST_ERRORS
from exports.tools import tools
from exports.views import lazy
from progress.models import Status
from tests.browser.storm import storm
from tests.exports.footage import driver_is_awake, film_of, project_of, requested, running
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MB = 1_000_000
FULL = "The server's disk is full, so beach.mov cannot be stored. What was sent so far is kept:"
UNWRITABLE = "The server's store refuses beach.mov. What was sent so far is kept: tell whoever runs the server."
BUSY = "The database is busy with something else, so nothing was changed."


@pytest.fixture(autouse=True)
def store(settings, tmp_path, transactional_db):
    settings.STORE_ROOT = tmp_path / "store"
    settings.STORE_ROOT.mkdir()
    settings.PROGRESS_POLL_SECONDS = 0.4
    for kept in (tools, runners.get, lazy.lazily):
        kept.cache_clear()
    driver_is_awake()
    yield settings.STORE_ROOT
    for kept in (tools, runners.get):
        kept.cache_clear()


class Disk:
    """A small one, so that it can really be full."""

    def __init__(self, root, size):
        self.root, self.ballast = root, root / "ballast"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "longhaul", root], check=False).returncode:
            pytest.skip("only who may mount can fill a disk of its own")

    def fill(self, but):
        """All of it, but so many bytes."""
        at = os.statvfs(self.root)
        self.ballast.write_bytes(bytes(at.f_bavail * at.f_frsize - but))

    def has_room_again(self):
        self.ballast.unlink()


@pytest.fixture
def disk(store):
    disk = Disk(store, 40 * MB)
    yield disk
    subprocess.run(["umount", "--lazy", store], check=True)


@contextlib.contextmanager
def unwritable(folder):
    """Root may write where nobody may, but not even root where nothing may be changed."""
    forbid, allow = (["chattr", "+i"], ["chattr", "-i"]) if os.geteuid() == 0 else (["chmod", "a-w"], ["chmod", "u+w"])
    if subprocess.run([*forbid, folder], check=False).returncode:
        pytest.skip("this file system knows no folder that root may not change")
    try:
        yield
    finally:
        subprocess.run([*allow, folder], check=True)


@contextlib.contextmanager
def locked():
    """Another connection holds the database, as a backup or a second program does."""
    if connection.vendor != "sqlite":
        pytest.skip("Postgres keeps nobody out: it locks rows, not the database")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


# While it is uploaded


@pytest.fixture
def page(window, owner):
    window.goto(reverse("project", args=[project_of(owner).pk]))
    return window


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "beach.mov"
    path.write_bytes(os.urandom(10 * MB))  # two parts
    return path


def choose(page, clip):
    page.get_by_label("Choose clips").set_input_files(clip)


def half_written(store):
    return [path.name for path in store.rglob("*") if "half" in path.name]


def went_on(page, clip):
    expect(page.get_by_text("Uploaded.", exact=True)).to_be_visible()
    source = Source.objects.get()
    return tools().store.get(source.key) == clip.read_bytes()


def test_a_full_disk_is_said_where_it_is_uploaded_and_it_goes_on_by_itself(page, disk, clip):
    disk.fill(but=4 * MB)
    choose(page, clip)
    expect(page.get_by_text(FULL)).to_be_visible()
    assert soon(lambda: half_written(disk.root) == []), "between two tries nothing is left"
    assert {source.state for source in Source.objects.all()} == {"uploading"}
    disk.has_room_again()
    assert went_on(page, clip)
    expect(page.get_by_text(FULL)).to_be_hidden()


def test_a_store_that_may_not_be_written_is_said_there_too(page, store, clip):
    with unwritable(store):
        choose(page, clip)
        expect(page.get_by_text(UNWRITABLE)).to_be_visible()
        assert list(store.iterdir()) == []
    assert went_on(page, clip)


def test_a_database_that_somebody_else_holds_is_said_there_too(page, clip, monkeypatch):
    monkeypatch.setitem(configured.DATABASES["default"]["OPTIONS"], "timeout", 1)
    with locked():
        choose(page, clip)
        expect(page.get_by_text(BUSY)).to_be_visible()
        assert not Source.objects.exists()
    assert went_on(page, clip)


# On the page of the export


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    return storm(tmp_path_factory.mktemp("noise") / "storm.mp4", frames=15, size=(320, 180))


@pytest.fixture
def film(owner, noise):
    """Asked for, and with no error left to spare: the next one is told."""

    def asked():
        project = Project.objects.create(owner=owner, name="Lofoten")
        Clip.objects.create(project=project, source=sources.take_in(project, noise, tools()), position=1)
        options = {"size": "360p", "rate": "25", "quality": "high"}
        export = Export.request(project, kind="multi_clip", options=options, title="My cut")
        Export.objects.update(errors=MOST_ERRORS)
        return export

    return asked


def drive(export, until):
    def there():
        Export.objects.filter(next_due_at__isnull=False).update(next_due_at="2000-01-01T00:00Z")
        one_pass(tools())
        found = Export.objects.select_related("job").get(pk=export.pk)
        return found if until(found) else None

    return soon(there, 300)


def ended(export):
    return export.job.settled and export.next_due_at is None


def test_a_full_disk_holds_it_up_and_it_goes_on_by_itself(window, disk, film):
    export = film()
    disk.fill(but=100_000)
    window.goto(reverse("export", args=[export.pk]))
    waits = drive(export, lambda export: export.job.unreachable_since)
    assert (waits.job.status, room.waits(waits)) == (Status.QUEUED, 1)
    expect(window.locator(".job-eta")).to_contain_text("There is no room to keep it right now.")
    disk.has_room_again()
    Attempt.objects.update(decided_at=F("decided_at") - room.FIRST)
    assert drive(export, ended).job.status == Status.COMPLETE
    expect(window.locator("video")).to_be_visible()


def test_a_full_disk_ends_it_at_last_with_a_sentence_and_a_retry_when_there_is_room_completes_it(
    window, disk, film, monkeypatch
):
    monkeypatch.setattr(room, "TRIES", 0)
    export = film()
    disk.fill(but=100_000)
    window.goto(reverse("export", args=[export.pk]))
    assert drive(export, ended).job.status == Status.FAILED
    said = "The server's disk is full. What is finished is kept: once there is room, a retry goes on from there."
    expect(window.locator(".job-eta")).to_contain_text(said)
    assert soon(lambda: half_written(disk.root) == []), "between two tries nothing is left"
    assert not Attempt.objects.filter(Q(outcome="") | Q(gone_at=None)).exists()
    disk.has_room_again()
    window.get_by_role("button", name="Retry").click()
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()
    assert drive(export, ended).job.status == Status.COMPLETE
    expect(window.locator("video")).to_be_visible()


def test_a_store_that_may_not_be_written_holds_it_up_with_a_reason_and_it_goes_on_by_itself(window, store, film):
    export = film()
    window.goto(reverse("export", args=[export.pk]))
    with unwritable(store):  # so not even the order of its first attempt can be put there
        assert drive(export, lambda export: export.job.unreachable_since)
        away = "The store refuses us right now. Nothing of your export is lost: it goes on when we are let in again."
        expect(window.locator(".job-eta")).to_have_text(away)
        assert not (store / "attempts").exists()
    assert drive(export, ended).job.status == Status.COMPLETE
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()


def test_a_file_that_was_deleted_meanwhile_is_named_and_uploading_it_again_is_enough(window, noise, film):
    export = film()
    tools().store.delete(Source.objects.get().key)
    window.goto(reverse("export", args=[export.pk]))
    assert drive(export, ended).job.status == Status.FAILED
    said = "The file of storm.mp4 is no longer where it was uploaded to. Upload it again, then retry."
    expect(window.locator(".job-eta")).to_contain_text(said)
    assert not Attempt.objects.filter(Q(outcome="") | Q(gone_at=None)).exists()
    sources.take_in(export.project, noise, tools())
    window.get_by_role("button", name="Retry").click()
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()
    assert drive(export, ended).job.status == Status.COMPLETE
    expect(window.locator("video")).to_be_visible()


def test_a_press_that_the_database_does_not_take_is_said_and_works_afterwards(window, owner, monkeypatch):
    monkeypatch.setitem(configured.DATABASES["default"]["OPTIONS"], "timeout", 1)
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = running(requested(project))
    window.goto(reverse("export", args=[export.pk]))
    with locked():
        window.get_by_role("button", name="Pause").click()
        expect(window.get_by_role("alert").filter(has_text=BUSY)).to_be_visible()
        expect(window.locator(".job-percent")).to_have_text("54 %")
        expect(window.get_by_text("Connection lost.")).to_be_hidden()
    window.get_by_role("button", name="Pause").click()
    expect(window.get_by_role("button", name="Resume")).to_be_visible()
    expect(window.get_by_text(BUSY)).to_be_hidden()


REFUSED = "This server keeps nothing more for now. Try again in a minute."


def test_a_press_that_failed_after_another_has_taken_its_button_away_is_said_all_the_same(window, owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = running(requested(project))
    held = []
    window.route("**/pause", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    window.goto(reverse("export", args=[export.pk]))
    window.get_by_role("button", name="Pause").click()
    assert soon(lambda: window.evaluate("1") and held)
    window.get_by_role("button", name="Stop").click()
    expect(window.get_by_role("button", name="Pause")).to_have_count(0)
    held[0].fulfill(status=503, json={"error": REFUSED})
    expect(window.get_by_role("alert").filter(has_text=REFUSED)).to_be_visible()


def test_a_lost_connection_is_not_told_any_more_where_a_press_has_ended_the_export_that_was_asked_for(window, owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    window.goto(reverse("export", args=[export.pk]))
    window.route("**/fragment*", lambda route: route.abort())
    expect(window.get_by_text("Connection lost.")).to_be_visible()
    window.get_by_role("button", name="Cancel").click()
    expect(window.get_by_role("heading", name="Cancelled")).to_be_visible()
    expect(window.get_by_text("Connection lost.")).to_be_hidden()
