"""What stands below an export's card: what may be done, what is kept, and, in the end, the film."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import kinds, retention, speeds, timecode, turns, waiting
from exports.models import Export, Result
from exports.posted import NONE, Post, Posts
from progress import wording
from progress.models import Status, Wish

State = Literal["upload", "leave", "paused", "result", "stopping", "stopped", "failed", "gone"]

LABELS = {
    "pause": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "stop": gettext_lazy("Stop"),
    "cancel": gettext_lazy("Cancel"),
    "retry": gettext_lazy("Retry"),
}
VERBS = {"stop": "cancel"}
PLACES = {"pause": "hold", "resume": "hold", "stop": "end", "cancel": "end", "retry": "again"}


@dataclass(frozen=True, kw_only=True)
class Button:
    name: str

    @property
    def verb(self) -> str:
        return VERBS.get(self.name, self.name)

    @property
    def label(self) -> str:
        return str(LABELS[self.name])

    @property
    def quiet(self) -> bool:
        """Nobody has to press what would only hold the work up."""
        return self.name not in ("resume", "retry")

    @property
    def place(self) -> str:
        """The same for buttons that take each other's place, so that the focus stays."""
        return PLACES[self.name]


@dataclass(frozen=True, kw_only=True)
class Next:
    """What can be asked for of one result."""

    label: str
    address: str

    @classmethod
    def of(cls, kind: kinds.Kind, export: Export, result: Result) -> "Next":
        query = urlencode({"clip": f"{export.pk}:{result.place}"})
        return cls(label=_(kind.press) if kind.press else "", address=f"{kind.address(export.project)}?{query}")


@dataclass(frozen=True, kw_only=True)
class Row:
    result: Result
    next: tuple[Next, ...] = ()
    posts: tuple[Post, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    export: Export
    may_act: bool
    own: bool = True
    said: str = ""
    answers: bool = False  # to a press: the focus has to go somewhere

    @cached_property
    def buttons(self) -> list[Button]:
        actions = self.export.actions if self.may_act else []
        return [Button(name="stop" if action == "cancel" and self._keeps else action) for action in actions]

    @cached_property
    def state(self) -> State:
        status = self.export.job.status
        if status == Status.COMPLETE:
            return "result" if self.export.result_key else "gone"
        if status == Status.EXPIRED:
            return "gone"
        if status == Status.FAILED:
            return "failed"
        if status == Status.CANCELLED:
            return "stopping" if self._winds_down else "stopped"
        if status == Status.PAUSED:
            return "paused"
        return "upload" if status == Status.UPLOADING and self._missing else "leave"

    @property
    def ended(self) -> bool:
        return self.export.job.settled

    @property
    def shown(self) -> str:
        """What the page has; the fragment brings the panel anew only where this has changed."""
        return ",".join(
            [*(button.name for button in self.buttons), self.state, *self._count_of_results, *self._shut_or_not]
        )

    @cached_property
    def shut(self) -> str:
        """Said to whoever waits for what is not started at the moment, and why."""
        waits = self.export.job.status in (Status.UPLOADING, Status.QUEUED)
        return turns.told(self.export, timezone.now()) if waits else ""

    @property
    def _shut_or_not(self) -> list[str]:
        return ["shut"] if self.shut else []

    @cached_property
    def results(self) -> list[Result]:
        """Of a kind that makes several: what can be had by now."""
        several = self._kind.several and self.state != "gone"
        return list(self.export.results.all()) if several else []

    @cached_property
    def rows(self) -> list[Row]:
        """The results, each with what can be made of it, and what was."""
        after = kinds.made_of_results_of(self.export.kind) if self.own and self.may_act else ()
        if self.state != "result" or self._is_a_guests:
            after = ()
        became = [(kind, kind.became(self.export)) for kind in after]
        return [
            self._row(result, {kind: found.get(result.place, NONE) for kind, found in became})
            for result in self.results
        ]

    def _row(self, result: Result, became: dict[kinds.Kind, Posts]) -> Row:
        left = [kind for kind, posts in became.items() if kind.takes_result(result) and not posts.everywhere]
        told = [post for posts in became.values() for post in posts.told]
        return Row(result=result, next=tuple(Next.of(kind, self.export, result) for kind in left), posts=tuple(told))

    @property
    def several(self) -> bool:
        return self._kind.several

    @property
    def caution(self) -> str:
        return _(self._kind.caution) if self._kind.caution else ""

    @property
    def keeps_parts(self) -> bool:
        return self._kind.pipeline.keeps_parts

    @property
    def repeatable(self) -> bool:
        return self._kind.repeatable

    @property
    def change_address(self) -> str:
        return self._kind.address(self.export.project)

    @property
    def promise(self) -> str:
        if self.state == "upload":  # elsewhere: no page of an export uploads
            said = _("It starts as soon as %(missing)s uploaded. Keep the uploading page open.")
            return said % {"missing": self._missing}
        if self.state == "paused":
            return _("It stays paused until you resume it. You can close this page.")
        return self._meanwhile if self.state == "leave" else ""

    @property
    def _meanwhile(self) -> str:
        return {
            Wish.RUN: _("You can close this page. We'll keep working."),
            Wish.PAUSE: _("You can close this page. It is paused all the same."),
            Wish.CANCEL: _("You can close this page. It is stopped all the same."),
        }[Wish(self.export.job.wish)]

    @property
    def kept(self) -> list[str]:
        """What each button leaves standing, said before it is pressed."""
        return [sentence for button in self.buttons if (sentence := self._kept_by(button.name))]

    def _kept_by(self, name: str) -> str:
        if own := self._kind.leaves.get(name):
            return _(own)
        started = self.export.job.begun
        return {
            "pause": _(
                "Pausing finishes a piece and keeps all that are finished. What was only begun is rendered again."
            )
            if started
            else _("Pausing now keeps its clips; nothing is rendered until you resume."),
            "resume": _("Resuming goes on from the pieces that are finished.") if started else "",
            "stop": _("Stopping keeps the finished pieces too: a retry, or a new export, goes on from them."),
            "cancel": _("Cancelling ends it before anything is rendered. The clips stay in the project."),
            "retry": _("A retry goes on from the pieces that are finished.")
            if started
            else _("A retry starts the export again."),
        }[name]

    @property
    def receipt(self) -> str:
        asked, stopped = self.export.stop_asked_at, self.export.stopped_at
        if self.state == "stopping":
            return _("Stopped. The machine is being told; how long it takes to let go is shown here.")
        if asked is None or stopped is None:
            return _("Stopped.") if self.export.job.begun else _("Stopped; no machine was working on it.")
        took = _seconds((stopped - asked).total_seconds())
        return _("Stopped; the machine took %(time)s to stop.") % {"time": took}

    @property
    def lost(self) -> str:
        """Why there is no retry, and what there is instead."""
        return self.export.lost if self.state in ("failed", "stopped", "stopping") else ""

    @property
    def facts(self) -> str:
        """Of the finished film: length, dimensions, size."""
        seconds, size = self.export.result_facts.get("seconds"), self._kind.size(self.export)
        parts = [
            timecode.roughly(round(float(seconds) * timecode.US)) if seconds is not None else "",
            f"{size[0]} × {size[1]}" if size else "",
            wording.size(sum(each.bytes for each in self.results) or self.export.result_bytes or 0),
        ]
        return " · ".join(part for part in parts if part)

    @cached_property
    def speed(self) -> str:
        said = speeds.of_finished(self.export).said if self.state == "result" else []
        return _("Made at %(speed)s.") % {"speed": ", ".join(said)} if said else ""

    @cached_property
    def _kind(self) -> kinds.Kind:
        return kinds.get(self.export.kind)

    @property
    def _count_of_results(self) -> list[str]:
        return [str(len(self.results))] if self._kind.several else []

    @property
    def kept_until(self) -> datetime | None:
        return retention.until(self.export) if self.state == "result" else None

    @property
    def account_keeps_longer(self) -> bool:
        owner = self.export.job.owner
        return self.own and owner is not None and owner.guest and retention.accounts_keep_longer()

    @property
    def _is_a_guests(self) -> bool:
        return self.export.job.owner is None or self.export.job.owner.guest

    @property
    def _keeps(self) -> bool:
        """Whether there can be finished parts by now."""
        return self._kind.pipeline.keeps_parts and self.export.job.begun

    @property
    def _winds_down(self) -> bool:
        asked, stopped = self.export.stop_asked_at, self.export.stopped_at
        return asked is not None and stopped is None and self.export.attempts.filter(gone_at__isnull=True).exists()

    @cached_property
    def _missing(self) -> str:
        return waiting.missing(self.export)


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.1f} s" if seconds < 10 else wording.took(seconds)
