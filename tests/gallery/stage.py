"""Where scenes are laid out, in rows and objects as the product itself would have left them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt, Export, Heartbeat, Project, Source, User
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
        Heartbeat.beat("driver")
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


def stills(folder: Any) -> list[bytes]:
    """Pictures of the sample footage, as sources have them."""
    from exports import sample

    found = []
    for number in (1, 2, 3):
        path = folder / f"{number}.mp4"
        sample.make(path, number, seconds=1)
        found.append(thumbnail(path))
    return found
