"""Projects with sources that have no footage behind them, and exports brought to where a test needs them."""

from datetime import timedelta

from django.utils import timezone

from exports.kinds import Unplannable
from exports.models import Attempt, Export, Heartbeat, Project, Source
from exports.models.lease import APART
from exports.tools import tools
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker

FILM = bytes(range(256)) * 40


def project_of(owner, name="Lofoten"):
    return Project.objects.create(owner=owner, name=name)


def source_in(project, name="beach.mov", seconds=8.0, **more):
    values = {"bytes": 84_000_000, "stored_bytes": 84_000_000, "state": "ready", "sha256": "a" * 64}
    facts = {"seconds": seconds, "width": 1920, "height": 1080, "waveform": [0, 128, 255] * 80}
    return Source.objects.create(project=project, name=name, **(values | {"facts": facts} | more))


def film_of(project, *names):
    project.append([source_in(project, name) for name in names])
    return list(project.clips.all())


def driver_is_awake(now=None):
    """So that no page takes a step by itself: for as long as a test may take, as far ahead as counts."""
    Heartbeat.objects.create(name="driver", at=(now or timezone.now()) + APART - timedelta(seconds=1))


def requested(project, **more):
    return Export.request(project, kind="multi_clip", options={"size": "360p"}, **more)


def requested_or_told(project):
    """Or the sentence that it is refused with."""
    try:
        return requested(project)
    except Unplannable as refusal:
        return str(refusal)


def running(export, done=450, total=900):
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    Attempt.objects.create(export=export, number=1, runner="local")
    tracker.update_progress_incremental(export.pk, done, total, "frames", stage="process")
    return fresh(export)


def finished(export, body=FILM):
    running(export)
    tracker, key = ProgressTracker(), f"attempts/{export.pk}/1/out/call.1/film.mp4"
    tools().store.put(key, body)
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    Export.objects.filter(pk=export.pk).update(
        result_key=key, result_bytes=len(body), result_sha256="5e" * 32, result_facts={"seconds": 8.0}
    )
    Attempt.objects.filter(export=export).update(outcome="ok", gone_at=timezone.now())
    return fresh(export)


def fresh(export):
    return Export.objects.select_related("job__owner", "project").get(pk=export.pk)


def names_in(project):
    """What its film is made of, in order."""
    return [clip.source.name for clip in project.clips.select_related("source")]


def status(export):
    return fresh(export).job.status


def said(export):
    """Of when it will be done, or of what keeps it."""
    return snapshot(fresh(export).job).eta
