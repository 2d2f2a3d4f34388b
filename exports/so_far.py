"""What there is to show of an export before all of it is finished: pieces, pictures, speed, and what it costs."""

import logging
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import kinds, speeds, timecode
from exports.models import Attempt, Export
from exports.tools import Tools
from modal_functions.store import StoreError
from modal_functions.wire import Piece, SoFar, chunks_of, kept_as, unpack
from progress import wording
from progress.models import LISTENING, Job, Status

logger = logging.getLogger("exports")

PREVIEW = re.compile(r"[0-9a-f]{64}\.jpg", re.ASCII)
LEAST = timedelta(seconds=2)  # a speed that was measured for less is none
HOUR = 3600
LISTED = 20  # pieces


@dataclass(frozen=True, kw_only=True)
class PieceLine:
    piece: Piece

    @property
    def said(self) -> str:
        if self.piece.finished:
            return _("finished")
        percent = 100 * self.piece.done // max(1, self.piece.total)
        return wording.percent(percent) if self.piece.done else _("to come")


@dataclass(frozen=True, kw_only=True)
class Interim:
    export: Export
    lines: list[PieceLine]
    previews: list[str]
    facts: list[str]

    @property
    def shows(self) -> bool:
        return bool(self.facts or self.previews or self.pieces)

    @property
    def pieces(self) -> list[PieceLine]:
        """Where there are several; of very many the first."""
        return [] if len(self.lines) < 2 else self.lines[:LISTED]

    @property
    def finished(self) -> str:
        done = sum(line.piece.finished for line in self.lines)
        said = _("%(done)d of %(all)d %(pieces)s are finished")
        return said % {"done": done, "all": len(self.lines), "pieces": _(kinds.get(self.export.kind).pieces)}

    @property
    def mark(self) -> str:
        told = (*self.facts, *self.previews, *(line.said for line in self.pieces))
        return f"{zlib.crc32('|'.join(told).encode()):x}"


def of(export: Export, tools: Tools) -> Interim:
    """Costs one read of the store; where that does not answer, there is less to show."""
    if export.job.status in (Status.UPLOADING, Status.EXPIRED):
        return Interim(export=export, lines=[], previews=[], facts=[])
    attempts = list(export.attempts.order_by("-number"))
    told = _told(attempts[:1], tools) if attempts else []
    latest = told[0] if told else SoFar()
    under_way = export.job.status in LISTENING
    lines = [PieceLine(piece=piece) for piece in latest.pieces]
    fast = [*speeds.of_running(export.job).said, speed(export.job, latest.kept)][:2] if under_way else []
    facts = [
        _place(export, attempts),
        _before(export, attempts, latest),
        copied(export, latest),
        *fast,
        _cost(attempts, tools),
    ]
    previews = [name for piece in latest.pieces for name in piece.previews if PREVIEW.fullmatch(name)]
    return Interim(
        export=export,
        lines=lines,
        previews=list(dict.fromkeys(previews)) if export.job.status != Status.COMPLETE else [],
        facts=[fact for fact in facts if fact],
    )


def copied(export: Export, told: SoFar) -> str:
    """How much of a film are the pictures of its clips as they were."""
    fps, frames = (export.spec.get("output") or {}).get("fps"), sum(piece.total for piece in told.pieces)
    if not fps or not told.pieces:
        return ""
    if not told.copied:
        return _("None of it could be copied as it was") if _might_be_copied(export) else ""
    lengths = (timecode.roughly(round(count * timecode.US * fps[1] / fps[0])) for count in (told.copied, frames))
    return _("%(copied)s of %(all)s copied as they were") % dict(zip(("copied", "all"), lengths, strict=True))


def _might_be_copied(export: Export) -> bool:
    return export.job.status == Status.COMPLETE and export.spec["output"].get("quality") == "original"


def _before(export: Export, attempts: list[Attempt], told: SoFar) -> str:
    """What an earlier export has left; what an earlier attempt of this one did is its own work."""
    same = sum(piece.kept >= piece.total for piece in told.pieces)
    if not same or len(told.pieces) < 2 or len(attempts) != 1:
        return ""
    said = _("%(same)d of %(all)d %(pieces)s were as before")
    return said % {"same": same, "all": len(told.pieces), "pieces": _(kinds.get(export.kind).pieces)}


def speed(job: Job, kept: int) -> str:
    """Of what is really made: what an earlier attempt left took no time in this one."""
    if job.done is None or job.stage_began is None or job.heard_at is None or job.status != Status.RUNNING:
        return ""
    took, made = job.heard_at - job.stage_began, job.done - (kept if job.unit != "bytes" else 0)
    if took < LEAST or made <= 0:
        return ""
    each = made / took.total_seconds()
    if job.unit == "bytes":
        return _("%(size)s a second") % {"size": wording.size(round(each))}
    return _("%(count)s %(unit)s a second") % {
        "count": f"{each:.1f}" if each < 10 else f"{each:.0f}",
        "unit": _(job.unit),
    }


def preview_key(export: Export, name: str) -> str | None:
    """Among the parts of its project, or in a place of its own."""
    kept = f"{chunks_of(str(export.project_id))}/{export.spec.get('afresh', '')}".rstrip("/")
    return kept_as(kept, name) if PREVIEW.fullmatch(name) else None


def _told(attempts: list[Attempt], tools: Tools) -> list[SoFar]:
    found = []
    for attempt in attempts:
        try:
            body = tools.store.get(attempt.keys.so_far)
            if body is not None:
                found.append(SoFar.from_wire(unpack(body)))
        except StoreError as error:
            logger.warning("What there is of %s could not be read: %s", attempt, error)
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("What there is of %s says nothing: %r", attempt, error)
    return found


def _place(export: Export, attempts: list[Attempt]) -> str:
    if not attempts:
        return ""
    if kinds.get(export.kind).made_of_results_of:
        return _("Posted from Modal") if attempts[0].runner == "modal" else _("Posted from this server")
    return _("Made on Modal") if attempts[0].runner == "modal" else _("Made on this server")


def _cost(attempts: list[Attempt], tools: Tools) -> str:
    """Of all attempts: what their containers have worked, at the price that this installation was told."""
    remote = [attempt for attempt in attempts if attempt.runner == "modal"]
    if not remote or not settings.MODAL_CENTS_HOUR:
        return ""
    now = tools.clock()
    seconds = sum(told.seconds for told in _told(remote, tools)) + sum(_worked(each, now) for each in remote)
    minutes = ngettext("%(count)d container minute", "%(count)d container minutes", round(seconds / 60))
    return _("about $%(cost).2f so far, estimated from %(minutes)s") % {
        "cost": seconds / HOUR * settings.MODAL_CENTS_HOUR / 100,
        "minutes": minutes % {"count": round(seconds / 60)},
    }


def _worked(attempt: Attempt, now: datetime) -> float:
    """The container that conducts an attempt."""
    if attempt.greeted_at is None:
        return 0.0
    return max(0.0, ((attempt.gone_at or attempt.decided_at or now) - attempt.greeted_at).total_seconds())
