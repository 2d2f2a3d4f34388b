"""The whole way with nothing made up: real footage, real attempts in processes of their own, and real kills.

On this machine alone, and with the deployed app in the containers of Modal's own SDK."""

import hashlib
import random
import re
import time
from dataclasses import replace
from fractions import Fraction

import pytest
from django.utils import timezone

from exports import sources
from exports.driver import one_pass
from exports.models import Attempt, Clip, Export, Notice, Project
from exports.outbox.rounds import deliver
from exports.tools import Tools
from exports.tools import tools as installation
from modal_functions.folder import FolderStore
from modal_functions.stores import opened
from progress import wording
from progress.models import Status
from tests.exports.footage import status as status_of
from tests.exports.outbox import conftest as outbox
from tests.modal_functions.media.reels import shoot
from tests.soon import soon

pytestmark = pytest.mark.django_db
_smtp, mailbox = outbox._smtp, outbox.mailbox


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reels")
    return [shoot(folder / "one.mp4", sound="aac"), shoot(folder / "two.mov", rate=Fraction(30), size=(640, 360))]


@pytest.fixture
def tools(place):
    return Tools(store=FolderStore(place.store), runner=lambda name: place.runner)


@pytest.fixture
def project(owner, reels, tools):
    return shot(owner, reels, tools)


def shot(owner, reels, tools):
    project = Project.objects.create(owner=owner, name="Lofoten")
    for position, reel in enumerate(reels):
        source = sources.take_in(project, reel.path, tools)
        Clip.objects.create(project=project, source=source, position=position, in_us=100_000, out_us=3_900_000)
    return project


def asked_for(project):
    return Export.request(project, kind="multi_clip", options={"size": "360p", "rate": "25", "quality": "draft"})


def goes_on(export, tools):
    """One pass of the driver, in which it is due."""
    Export.objects.filter(pk=export.pk, next_due_at__isnull=False).update(next_due_at="2000-01-01T00:00Z")
    assert one_pass(tools).failed == 0


def drive_until(export, tools, meanwhile=lambda: None, seconds=300):
    """Passes of the driver until the export has ended; the percent it shows never falls."""
    shown, deadline = [0], time.monotonic() + seconds
    while time.monotonic() < deadline:
        goes_on(export, tools)
        export = Export.objects.select_related("job").get(pk=export.pk)
        shown.append(export.job.percent)
        if export.job.settled and export.next_due_at is None:
            break
        meanwhile()
        time.sleep(0.05)
    assert shown == sorted(shown)
    return export


def test_clips_become_a_film_and_a_mail_leads_to_it(project, tools, place, owner, mailbox, visitor, settings):
    outbox.contact_of(owner, timezone.now)
    export = drive_until(asked_for(project), tools)
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert export.result_facts["frames"] == 95 + 95
    assert tools.store.size(export.result_key) == export.result_bytes
    assert Notice.objects.get().event == "done"
    assert soon(lambda: place.working(None) == [])
    assert {run.stage for run in export.job.stage_runs.all()} >= {"fetch", "process", "publish"}

    assert deliver(tools).sent == 1
    (message,) = mailbox.taken
    assert message["Subject"] == "Film Complete: Lofoten"
    lines = message.get_body(("plain",)).get_content().splitlines()
    assert lines[0] == "Your film has been completed successfully!"
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    size = wording.size(export.result_bytes)
    assert told.items() >= {"Project": "Lofoten", "Duration": "0:07.6", "File Size": size}.items()
    assert "640 × 360" in told["Format"]
    assert told["Time taken"]
    settings.STORE_ROOT = place.store
    installation.cache_clear()
    page = visitor.get(told["Download link"].removeprefix("https://exports.example.com"), follow=True)
    assert "Complete" in page.text
    film = visitor.get(re.search(r'href="([^"]+)" download', page.text)[1])
    assert hashlib.sha256(b"".join(film)).hexdigest() == export.result_sha256
    installation.cache_clear()


def test_with_a_bucket_machines_elsewhere_share_nothing_else_with_this_one(owner, reels, bucket, remote):
    runner = replace(remote.runner, grant=lambda ordered: bucket.described())
    tools = Tools(store=opened(bucket.described()), runner=lambda name: runner)
    export = drive_until(asked_for(shot(owner, reels, tools)), tools)
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert tools.store.size(export.result_key) == export.result_bytes
    assert not remote.store.exists()


def test_killed_at_random_moments_it_completes_once_and_renders_no_chunk_twice(project, tools, place):
    """kill -9 of the attempt, whatever it is doing; what is finished is kept."""
    rng, kills, first_seen = random.Random(7), [], {}

    def kill():
        for key in tools.store.keys(f"projects/{project.pk}/chunks"):
            path = tools.store.in_place(key)
            first_seen.setdefault(key, path.stat().st_mtime_ns)
        if len(kills) < 4 and rng.random() < 0.25:
            for victim in place.victims():
                place.kill(victim)
                kills.append(victim)

    export = drive_until(asked_for(project), tools, kill)
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert kills
    assert Attempt.objects.filter(outcome="ok").count() == 1
    assert Notice.objects.count() == 1
    if place.alone:
        now = {key: tools.store.in_place(key).stat().st_mtime_ns for key in first_seen}
        assert now == first_seen, "what was kept was made again"
    undisturbed = drive_until(asked_for(project), tools)
    assert undisturbed.result_sha256 == export.result_sha256


def test_a_pause_keeps_the_parts_and_the_resumed_film_is_the_same(project, tools, place):
    """It is held still while it is asked, or so short a film would be ready first."""
    export = asked_for(project)
    assert soon(lambda: goes_on(export, tools) or place.working(None), 90)
    assert soon(lambda: list(tools.store.keys(f"projects/{project.pk}/chunks")), 90)
    with place.held_still():
        assert export.pause(actor="olga")
        control = export.latest_attempt.keys.control
        assert soon(lambda: goes_on(export, tools) or b"pause" in (tools.store.get(control) or b""))
    assert soon(lambda: goes_on(export, tools) or status_of(export) == Status.PAUSED, 90)
    kept = set(tools.store.keys(f"projects/{project.pk}/chunks"))
    assert kept
    export.resume(actor="olga")
    export = drive_until(export, tools)
    assert export.job.status == Status.COMPLETE
    for key in list(tools.store.keys(f"projects/{project.pk}/chunks")):
        tools.store.delete(key)
    assert drive_until(asked_for(project), tools).result_sha256 == export.result_sha256


def test_a_cancel_stops_the_process_and_leaves_nothing_running(project, tools, place):
    export = asked_for(project)

    def cancel():
        if place.working(None):
            export.cancel(actor="olga")

    export = drive_until(export, tools, cancel)
    assert export.job.status in (Status.CANCELLED, Status.COMPLETE)
    assert soon(lambda: place.working(None) == [])


def test_a_source_that_was_deleted_meanwhile_is_said(project, tools):
    export = asked_for(project)
    project.sources.get(name="two.mov").delete()
    export = drive_until(export, tools)
    assert export.job.status == Status.FAILED
    said = "two.mov was deleted from the project. Put another clip in its place, then export the film anew."
    assert export.job.cause_text == said
    assert export.actions == []


def test_a_source_that_vanished_meanwhile_is_named(project, tools):
    tools.store.delete(project.sources.get(name="two.mov").key)
    export = drive_until(asked_for(project), tools)
    assert export.job.status == Status.FAILED
    assert "two.mov" in export.job.cause_text
