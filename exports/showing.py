"""What the pages of a project are made of: its sources and its film, each put in words. Templates ask nothing else."""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from exports import kinds, minutes, originals, timecode, waiting
from exports.forms import ClipForm, ExportForm
from exports.kinds.multi_clip import Choice, MultiClip
from exports.models import Clip, Export, Intake, Project, Source
from exports.preflight import Preflight, preflight
from progress import wording
from progress.isolating import isolated
from progress.models import Status

COLUMNS = 120  # of a waveform strip
LEAST_TRIMMED = 200  # milliseconds; in less there is nothing to choose
STEPS = (10, 100, 1000)


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    source: Source
    used: int  # places in the film
    kept_until: datetime | None = None

    @property
    def state(self) -> str:
        if self.source.state == Source.State.UPLOADING:
            return _("Uploading %(percent)s") % {"percent": wording.percent(self.percent)}
        return _(str(Source.State(self.source.state).label))

    @property
    def percent(self) -> int:
        return min(100, 100 * self.source.stored_bytes // max(1, self.source.bytes))

    @property
    def under_way(self) -> bool:
        return self.source.state in (Source.State.UPLOADING, Source.State.STORED)

    @property
    def refused(self) -> bool:
        return self.source.state == Source.State.REFUSED

    @property
    def uploading(self) -> bool:
        return self.source.state == Source.State.UPLOADING

    @property
    def said(self) -> str:
        """Its length, size and dimensions, as far as they are known."""
        length = self.source.length_us
        parts = [
            timecode.roughly(length) if length is not None else "",
            self._dimensions,
            wording.size(self.source.bytes) if self.source.bytes else "",
        ]
        return " · ".join(part for part in parts if part)

    @property
    def footage(self) -> bool:
        return self.source.is_footage

    @property
    def private(self) -> bool:
        return originals.is_private(self.source)

    @property
    def sound_only(self) -> bool:
        return self.footage and self.source.usable and not self.source.facts.get("width")

    @property
    def offers(self) -> list[tuple[str, str]]:
        """What can be made of it where it cannot be in the film: each with the page on which it is asked for."""
        takers = () if self.footage or self.refused else kinds.takers(self.source.sort)
        return [(_(kind.label), kind.address(self.source.project)) for kind in takers]

    @property
    def _dimensions(self) -> str:
        facts = self.source.facts
        if not self.footage:
            return next((each.said(facts) for each in kinds.sorts() if each.key == self.source.sort), "")
        wide, high = facts.get("width"), facts.get("height")
        return f"{wide} × {high}" if wide and high else _("sound only") if self.sound_only else ""

    @property
    def thumbnail(self) -> bool:
        return bool(self.source.facts.get("thumbnail"))

    @cached_property
    def waveform(self) -> str:
        return waveform(tuple(self.source.facts.get("waveform") or ()))


@dataclass(frozen=True, kw_only=True)
class Library:
    project: Project
    lines: list[SourceLine]

    @property
    def accept(self) -> str:
        """What the picker of files offers: whatever some kind takes."""
        return ",".join(each for sort in reversed(kinds.sorts()) for each in sort.accept)

    @property
    def under_way(self) -> bool:
        return any(line.under_way for line in self.lines)

    @property
    def unused(self) -> list[SourceLine]:
        """Those that could be added at once, while the film is empty."""
        fit = [line for line in self.lines if line.footage and not line.refused]
        return fit if not any(line.used for line in self.lines) else []

    @property
    def mark(self) -> str:
        """Changes whenever the list does."""
        words = [
            (str(line.source.pk), line.state, line.source.refusal, line.used, line.kept_until) for line in self.lines
        ]
        return f"{zlib.crc32(repr(words).encode()):x}"


@dataclass(frozen=True, kw_only=True)
class ClipLine:
    clip: Clip
    shown: SourceLine
    form: ClipForm
    place: int
    first: bool
    last: bool

    @property
    def length(self) -> str:
        length = self.clip.length_us
        return "" if length is None else timecode.roughly(length)

    @cached_property
    def strip(self) -> "TrimStrip | None":
        """None while it is not known how long its source is."""
        length = (self.clip.source.length_us or 0) // 1000
        if length < LEAST_TRIMMED or not self.clip.source.usable:
            return None
        end = length if self.clip.out_us is None else min(length, self.clip.out_us // 1000)
        return TrimStrip(length=length, start=min(self.clip.in_us // 1000, end), end=end)


@dataclass(frozen=True, kw_only=True)
class TrimStrip:
    """A clip's source as a strip, and which part of it is shown: in milliseconds, and as it is drawn."""

    length: int
    start: int
    end: int

    @property
    def step(self) -> int:
        """What one press of an arrow key moves a point by."""
        return next((step for step in STEPS if self.length < 1500 * step), STEPS[-1])

    @property
    def left(self) -> str:
        return self._drawn(self.start)

    @property
    def right(self) -> str:
        return self._drawn(self.end)

    @property
    def rest(self) -> str:
        return self._drawn(self.length - self.end)

    @property
    def start_said(self) -> str:
        return timecode.show(1000 * self.start)

    @property
    def end_said(self) -> str:
        return timecode.show(1000 * self.end)

    def _drawn(self, thousandths: int) -> str:
        return f"{COLUMNS * thousandths / self.length:.4g}"


@dataclass(frozen=True, kw_only=True)
class Film:
    project: Project
    lines: list[ClipLine]
    export: ExportForm
    ahead: Preflight
    problem: str = ""
    said: str = ""

    @property
    def length(self) -> str:
        return timecode.roughly(self.ahead.length_us)

    @property
    def shut(self) -> str:
        """Said before anybody asks for what is not started at the moment."""
        return Intake.told(MultiClip.key, self.project.owner_id)

    @property
    def today(self) -> str:
        """Said before anybody asks, where work is counted: how much of it there is still."""
        return minutes.of(self.project.owner, timezone.now()).said


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An export that starts when its clips are uploaded, shown where they are uploaded."""

    export: Export
    missing: str

    @property
    def said(self) -> str:
        starts = _("“%(title)s” starts as soon as %(missing)s uploaded.")
        told = {"title": isolated(self.export.job.title), "missing": self.missing}
        again = _("If the upload was interrupted, choose the file again; only what is missing is sent.")
        return f"{starts % told} {again}"


def waiting_in(project: Project) -> Waiting | None:
    """The newest of its exports that wait for an upload."""
    uploading = project.exports.filter(job__status=Status.UPLOADING).select_related("job__owner", "project")
    each = (waiting_of(export) for export in uploading.order_by("-job__created_at"))
    return next((found for found in each if found), None)


def waiting_of(export: Export) -> Waiting | None:
    missing = waiting.missing(export)
    return Waiting(export=export, missing=missing) if missing else None


def library(project: Project) -> Library:
    used = Counter(project.clips.values_list("source_id", flat=True))
    sources = list(project.sources.all())
    until = originals.untils(project, sources)
    lines = [SourceLine(source=each, used=used[each.pk], kept_until=until.get(each.pk)) for each in sources]
    return Library(project=project, lines=lines)


def film(
    project: Project,
    *,
    typed: Mapping[str, Any] | None = None,
    wrong: Iterable[int] = (),
    problem: str = "",
    said: str = "",
) -> Film:
    """As it stands; of the clips in `wrong`, as it was typed."""
    clips, kept = list(project.clips.prefetch_related("source")), set(wrong)
    shown = {clip.source_id: SourceLine(source=clip.source, used=1) for clip in clips}
    export = export_form(project, typed)
    lines = [
        ClipLine(
            clip=clip,
            shown=shown[clip.source_id],
            form=ClipForm(typed if clip.pk in kept else None, clip),
            place=place,
            first=place == 1,
            last=place == len(clips),
        )
        for place, clip in enumerate(clips, 1)
    ]
    ahead = preflight(project, clips, export.choice, timezone.now())
    return Film(project=project, lines=lines, export=export, ahead=ahead, problem=problem, said=said)


def export_form(project: Project, typed: Mapping[str, Any] | None) -> ExportForm:
    """Filled in as the project's last export was, so that making it again is one click."""
    last = project.exports.filter(kind=MultiClip.key).order_by("-job__created_at").select_related("job").first()
    return ExportForm(
        typed,
        title=last.job.title if last else project.name,
        choice=Choice.of(last.spec) if last else Choice(),
    )


@lru_cache(maxsize=1_024)
def waveform(loudness: tuple[int, ...]) -> str:
    """The path of an SVG 120 wide and 32 high: a line for each moment, as long as it was loud. A library is shown anew
    each two seconds while something is uploaded, and drawing it is a fifth of that."""
    columns = min(COLUMNS, len(loudness))
    step = len(loudness) / columns if columns else 1.0
    loudest = [max(loudness[int(n * step) : max(int((n + 1) * step), int(n * step) + 1)]) for n in range(columns)]
    halves = [max(0.5, 15.5 * min(255, max(0, each)) / 255) for each in loudest]
    wide = COLUMNS / columns if columns else 0.0
    return "".join(f"M{(n + 0.5) * wide:.4g} {16 - half:.3g}v{2 * half:.3g}" for n, half in enumerate(halves))
