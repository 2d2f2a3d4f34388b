"""The states there are, one after the other."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.urls import reverse

from exports import retention
from exports.models import Attempt, Export, Share, Source, User
from progress.models import Job
from tests.gallery import desk, forms
from tests.gallery.stage import Scene, Stage


def unfold(page: Any) -> None:
    """What is folded up is looked at too."""
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true })")


def scenes(stage: Stage) -> Iterator[Scene]:
    """Laid out one after the other, so that each may be looked at before the next is made."""
    yield Scene(name="start", path="/")
    guest = User.objects.create_guest()
    left = stage.queued(stage.export(stage.project(owner=guest), ago=7300), ago=7200)
    yield Scene(name="start-resume", path="/", account=guest)
    stage.running(left, ago=7000)
    yield Scene(name="export-guest", path=stage.page(left), account=guest)
    yield Scene(name="leave", path="/sign-out", account=guest)
    yield Scene(name="account", path="/account", account=stage.owner)
    yield Scene(name="account-guest", path="/account", account=guest, act=unfold)
    yield Scene(name="sign-in", path="/sign-in")
    yield Scene(name="sign-up", path="/sign-up")
    yield Scene(name="not-found", path="/nothing/here")
    yield Scene(name="projects-empty", path="/projects/", account=stage.owner)
    yield Scene(name="history-empty", path="/exports/", account=stage.owner)
    yield from _export_scenes(stage)
    yield from _listing_scenes(stage)
    yield from forms.scenes(stage)
    yield from desk.scenes(stage)


def _export_scenes(stage: Stage) -> Iterator[Scene]:
    def shown(name: str, export: Export) -> Scene:
        return Scene(name=f"export-{name}", path=stage.page(export), account=stage.owner)

    uploading = stage.export(ago=60)
    Source.objects.filter(project=uploading.project, name__startswith="Boat").update(
        state="uploading", stored_bytes=3e7
    )
    stage.report(uploading, "upload", 198_000_000, 252_000_000, ago=1)
    yield shown("uploading", uploading)
    yield shown("queued", stage.queued(stage.export()))
    starting = stage.queued(stage.export(ago=30), ago=28)
    stage.at(8).start(starting.pk, attempt=1)
    Attempt.objects.create(export=starting, number=1, runner="local", begun_at=stage.now - timedelta(seconds=8))
    stage.report(starting, "start", None, None, began=stage.now - timedelta(seconds=7))
    yield shown("starting", starting)
    running = stage.running(stage.export())
    stage.at(1).forecast(
        running.pk,
        finish=stage.now + timedelta(minutes=6),
        low=stage.now + timedelta(minutes=5),
        high=stage.now + timedelta(minutes=8),
    )
    yield shown("running", running)
    yield Scene(name="export-unfolded", path=stage.page(running), account=stage.owner, act=unfold)
    held = stage.running(stage.export(), done=700)
    stage.at(60).requeue(held.pk, cause="lost", text="The machine that worked on it went away.")
    Attempt.objects.filter(export=held).update(outcome="abort", cause="lost", gone_at=stage.now)
    stage.running(held, ago=50, done=200, number=2)
    yield shown("held", held)
    quiet = stage.running(stage.export())
    Job.objects.filter(pk=quiet.pk).update(heard_at=stage.now - timedelta(seconds=130), gap=1.0)
    yield shown("quiet", quiet)
    stuck = stage.running(stage.export())
    Job.objects.filter(pk=stuck.pk).update(
        heard_at=stage.now - timedelta(seconds=200), finish_high=stage.now - timedelta(seconds=60), gap=1.0
    )
    yield shown("stuck", stuck)
    away = stage.running(stage.export())
    stage.at(20).unreachable(away.pk)
    yield shown("unreachable", away)
    pausing = stage.running(stage.export())
    pausing.pause(actor="user 1")
    yield shown("pausing", pausing)
    paused = stage.running(stage.export())
    stage.at(1).forecast(paused.pk, finish=stage.now + timedelta(minutes=6))
    stage.at(0).pause(paused.pk)
    yield shown("paused", paused)
    finalizing = stage.running(stage.export(), done=900)
    stage.report(finalizing, "publish", 60_000_000, 90_000_000, began=stage.now - timedelta(seconds=6))
    yield shown("publishing", finalizing)
    done = stage.finished(stage.export())
    yield shown("complete", done)
    failed = stage.running(stage.export())
    sentence = (
        "We couldn't use clip 2 (Boat, second take.mp4). It ends before the file does, so it may still have been"
        " copying. Replace it and try again."
    )
    stage.at(2).fail(failed.pk, cause="input_unreadable", text=sentence)
    Attempt.objects.filter(export=failed).update(outcome="error", gone_at=stage.now)
    yield shown("failed", failed)
    stopped = stage.running(stage.export())
    Attempt.objects.filter(export=stopped).update(outcome="paused", cause="cancelled", gone_at=stage.now)
    stage.at(4).cancel(stopped.pk, actor="user 1", text="It was cancelled. Its finished parts are kept.")
    Export.objects.filter(pk=stopped.pk).update(
        stop_asked_at=stage.now - timedelta(seconds=6.4), stopped_at=stage.now - timedelta(seconds=4)
    )
    yield shown("stopped", stopped)
    shared = stage.running(stage.export())
    link = Share.open_for(shared, may_download=True)
    yield Scene(name="export-shared", path=stage.page(shared), account=stage.owner)
    yield Scene(name="shared-running", path=reverse("shared", args=[link.token]))
    over = Share.open_for(stage.finished(stage.export()), may_download=True)
    yield Scene(name="shared-complete", path=reverse("shared", args=[over.token]))
    yield Scene(name="shared-revoked", path=reverse("shared", args=[f"{over.token}x"]))
    gone = stage.finished(stage.export(), ago=90_000)
    stage.at(60).expire(gone.pk, actor=retention.ACTOR, text=retention.said(User(guest=True)))
    yield shown("expired", gone)


def _listing_scenes(stage: Stage) -> Iterator[Scene]:
    yield Scene(name="history", path="/exports/", account=stage.owner)
    yield Scene(name="history-nothing", path="/exports/?q=nothing+like+it", account=stage.owner)
    yield Scene(name="projects", path="/projects/", account=stage.owner)
    empty = stage.project("Holiday", clips=0)
    yield Scene(name="project-empty", path=reverse("project", args=[empty.pk]), account=stage.owner)
    full = stage.project("Lofoten, the long cut", clips=4)
    stage.source(full, "Northern lights.mov", number=5, state="stored")
    stage.source(full, "Voice over.wav", number=6, facts={"seconds": 61.0, "waveform": [9, 90, 200] * 80})
    stage.source(full, "Broken.mov", number=7, state="refused", refusal="No picture can be read from this file.")
    yield Scene(name="project", path=reverse("project", args=[full.pk]), account=stage.owner)
