"""The whole way through a bucket: footage goes in, a process with a key of its own makes the film, out it comes."""

import hashlib
import urllib.request
from dataclasses import replace
from fractions import Fraction

import psutil
import pytest
from django.utils import timezone

from exports import sources, stores
from exports.models import Clip, Project
from exports.runners.local import LocalRunner
from exports.tools import Tools
from progress.models import Status
from tests.exports.test_end_to_end import asked_for, drive_until
from tests.modal_functions.media.reels import shoot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_bucket")]


@pytest.fixture
def runner(tmp_path):
    runner = LocalRunner(grant=stores.grant, runs=tmp_path / "runs", at_once=1)
    yield runner
    for process in psutil.process_iter(["cmdline"]):
        if str(runner.runs) in " ".join(process.info["cmdline"] or []):
            process.kill()


@pytest.fixture
def own(runner):
    return Tools(store=stores.own(), runner=lambda name: runner)


@pytest.fixture
def project(owner, own, tmp_path):
    reel = shoot(tmp_path / "one.mp4", seconds=2, rate=Fraction(25), size=(160, 90), sound="aac")
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = sources.take_in(project, reel.path, own)
    Clip.objects.create(project=project, source=source, position=1, in_us=100_000, out_us=1_900_000)
    return project


def test_clips_become_a_film_that_the_bucket_hands_out(project, own, in_bucket, owner, signed_in):
    export = drive_until(asked_for(project), own)
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert own.store.size(export.result_key) == export.result_bytes
    answer = signed_in(owner).get(f"/exports/{export.pk}/download")
    with urllib.request.urlopen(answer["Location"]) as film:
        assert hashlib.sha256(film.read()).hexdigest() == export.result_sha256
    in_bucket.asked.clear()
    again = drive_until(asked_for(project), own)
    assert again.result_sha256 == export.result_sha256
    assert again.result_facts["rendered"] == 0, "finished parts are found in the bucket"


def test_when_the_key_of_an_attempt_ends_the_next_one_goes_on_with_a_key_of_its_own(project, own, runner):
    def soon_over(ordered):
        granted = stores.grant(ordered)
        return granted | {"ends": timezone.now().isoformat()} if ordered.keys.number == 1 else granted

    used = Tools(store=own.store, runner=lambda name: replace(runner, grant=soon_over))
    export = drive_until(asked_for(project), used)
    assert (export.job.status, export.job.cause_text) == (Status.COMPLETE, "")
    assert list(export.attempts.values_list("outcome", "cause")) == [("paused", "key_ended"), ("ok", "")]
    assert (export.interruptions, export.errors) == (0, 0)


def test_without_a_key_of_its_own_no_attempt_is_begun(project, own, settings, runner):
    settings.GRANTS = "none"
    export = drive_until(asked_for(project), own, seconds=2)
    assert export.job.status != Status.COMPLETE
    assert not any(runner.runs.rglob("pid"))
