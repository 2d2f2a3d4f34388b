"""The states there are. Each is laid out in rows and objects as the product itself would have left them."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from exports import retention
from exports.models import Attempt, Export, Heartbeat, Project, Share, Source, User
from exports.tools import tools
from modal_functions.media.preview import thumbnail
from modal_functions.wire import AttemptKeys, Piece, SoFar, pack
from progress.models import Event, Job
from progress.report import Passed, Report
from progress.tracker import ProgressTracker


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A page: who opens it, and at which address."""

    name: str
    path: str
    account: User | None = None
    act: Callable[[Any], None] | None = None  # what is done on the page before it is looked at


class Stage:
    """Where scenes are laid out: accounts, clips, and exports brought to where they are wanted."""

    def __init__(self, footage: list[bytes]) -> None:
        self.now = timezone.now()
        self.footage = footage
        Heartbeat.objects.get_or_create(name="driver", defaults={"at": self.now + timedelta(days=1)})
        self.owner = User.objects.create_user("olga", password="a long secret of hers")
        self.staff = User.objects.create_superuser("stella", password="a long secret of staff")
        self.projects = 0

    def at(self, seconds_ago: float) -> ProgressTracker:
        """A tracker by whose clock it is so long ago."""
        moment: datetime = self.now - timedelta(seconds=seconds_ago)
        return ProgressTracker(clock=lambda: moment)

    def project(self, name: str = "Lofoten", clips: int = 3, owner: User | None = None) -> Project:
        self.projects += 1
        project = Project.objects.create(owner=owner or self.owner, name=name)
        names = ["Harbour at dawn.mov", "Boat, second take.mp4", "Gulls.mp4", "Rain on the pier.mkv"]
        project.append([self.source(project, names[n % 4], number=n) for n in range(clips)])
        return project

    def source(self, project: Project, name: str, *, number: int = 0, **more: Any) -> Source:
        loud = [abs((n * 37 + number * 11) % 200 - 100) + (n % 7) * 12 for n in range(240)]
        facts: dict[str, Any] = {"seconds": 12.5 + 4 * number, "width": 1920, "height": 1080, "waveform": loud}
        values = {"bytes": 84_000_000 + 9 * number, "stored_bytes": 84_000_000, "state": "ready", "sha256": "a" * 64}
        source = Source.objects.create(project=project, name=name, **{**values, "facts": facts, **more})
        if self.footage and source.state == "ready" and "width" in source.facts:
            key = f"{source.folder}/thumb.jpg"
            tools().store.put(key, self.footage[number % len(self.footage)])
            Source.objects.filter(pk=source.pk).update(facts={**source.facts, "thumbnail": key})
        return source

    def export(self, project: Project | None = None, title: str = "Reel 12", ago: float = 400) -> Export:
        self.now = timezone.now()  # pictures take their time, and a scene is not to age meanwhile
        project = project or self.project()
        export = Export.request(project, kind="multi_clip", options={"size": "1080p", "rate": "60"}, title=title)
        asked = self.now - timedelta(seconds=ago)
        Job.objects.filter(pk=export.pk).update(created_at=asked)
        Event.objects.filter(job_id=export.pk).update(at=asked)
        return export

    def queued(self, export: Export, ago: float = 390, place: int = 3) -> Export:
        self.at(ago).uploaded(export.pk)
        self.at(ago).queued_at(export.pk, place)
        return export

    def running(
        self, export: Export, *, ago: float = 300, done: int = 450, total: int = 900, number: int = 1
    ) -> Export:
        """In the middle of its rendering, with all that came before it."""
        if number == 1:
            self.queued(export, ago + 40)
        begun = self.now - timedelta(seconds=ago)
        self.at(ago).start(export.pk, attempt=number)
        Attempt.objects.create(export=export, number=number, runner="local", begun_at=begun, greeted_at=begun)
        spans = [("start", 0, 3), ("fetch", 3, 9)]
        passed = tuple(
            Passed(stage=stage, began=begun + timedelta(seconds=first), ended=begun + timedelta(seconds=last))
            for stage, first, last in spans
        )
        self.report(export, "process", done, total, number=number, began=begun + timedelta(seconds=9), passed=passed)
        self.so_far(export, done / total, number)
        return export

    def so_far(self, export: Export, share: float, number: int = 1) -> None:
        """As the work tells it: three clips, of which the first are finished, each with pictures of itself."""
        pieces, left = [], share * 3
        for place, name in enumerate(("Harbour at dawn.mov", "Boat, second take.mp4", "Gulls.mp4")):
            done = max(0.0, min(1.0, left - place))
            previews = [self.preview(export, place, each) for each in range(int(4 * done))]
            pieces.append(Piece(name=name, done=round(300 * done), total=300, previews=tuple(previews)))
        keys = AttemptKeys(export=str(export.pk), number=number)
        tools().store.put(keys.so_far, pack(SoFar(pieces=tuple(pieces)).as_wire()))

    def preview(self, export: Export, place: int, each: int) -> str:
        name = f"{hashlib.sha256(f'{place} {each}'.encode()).hexdigest()}.jpg"
        if self.footage:
            key = f"projects/{export.project_id}/chunks/{name[:2]}/{name}"
            tools().store.put(key, self.footage[(3 * place + each) % len(self.footage)])
        return name

    def report(
        self,
        export: Export,
        stage: str,
        done: int | None,
        total: int | None,
        *,
        number: int = 1,
        ago: float = 1,
        **more: Any,
    ) -> None:
        at = self.now - timedelta(seconds=ago)
        seq = Job.objects.get(pk=export.pk).seq + 1
        self.at(ago).observe(
            Report(job=export.pk, attempt=number, run=1, seq=seq, stage=stage, at=at, done=done, total=total, **more)
        )

    def finished(self, export: Export, ago: float = 20) -> Export:
        self.running(export, done=900)
        film = self.film()
        key = f"attempts/{export.pk}/1/out/call.1/film.mp4"
        tools().store.put(key, film)
        self.report(export, "publish", 90, 90, began=self.now - timedelta(seconds=ago + 5), ago=ago)
        self.at(ago).finalize(export.pk)
        self.at(ago).complete(export.pk)
        Export.objects.filter(pk=export.pk).update(
            result_key=key, result_bytes=84_000_000, result_sha256="5e" * 32, result_facts={"seconds": 192.0}
        )
        Attempt.objects.filter(export=export).update(outcome="ok", gone_at=self.now)
        return export

    def film(self) -> bytes:
        return b"\0" * 64

    def page(self, export: Export) -> str:
        return reverse("export", args=[export.pk])


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


def stills(folder: Any) -> list[bytes]:
    """Pictures of the sample footage, as sources have them."""
    from exports import sample

    found = []
    for number in (1, 2, 3):
        path = folder / f"{number}.mp4"
        sample.make(path, number, seconds=1)
        found.append(thumbnail(path))
    return found
