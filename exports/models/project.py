"""Sources and exports together, and the order in which the sources make a film."""

import contextlib
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exports import kinds
from exports.models.source import Source
from exports.models.user import User

MOST_CLIPS = 500
MOST_PROJECTS = 2_000  # of one account


@dataclass(frozen=True, kw_only=True)
class Part:
    """Of a source, as it is wanted in a film."""

    source: Source
    in_us: int = 0
    out_us: int | None = None


class Unbegun(Exception):
    """None can be begun in this account; the sentence says why."""


class ProjectQuerySet(models.QuerySet["Project"]):
    def of(self, owner_id: Any) -> "ProjectQuerySet":
        return self.filter(owner_id=owner_id)


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=200)
    film = models.ForeignKey("Export", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def begin(cls, owner: User, name: str) -> "Project":
        """Or Unbegun: two that are begun at once are counted one after the other."""
        with transaction.atomic():
            if not User.objects.select_for_update(no_key=True).filter(pk=owner.pk):
                raise Unbegun(_("This account was deleted meanwhile, so nothing can be begun in it any more."))
            if cls.objects.of(owner.pk).count() >= MOST_PROJECTS:
                raise Unbegun(
                    _("You have %(most)s projects, as many as an account may have. Use one of them for this film.")
                    % {"most": f"{MOST_PROJECTS:,}"}
                )
            return cls.objects.create(owner=owner, name=name)

    def those(self, ids: Collection[str]) -> list[Source]:
        """Which of these sources it has. Nothing is asked where all were fetched with it, as for a list."""
        if "sources" in getattr(self, "_prefetched_objects_cache", ()):
            return [source for source in self.sources.all() if str(source.pk) in ids]
        return list(self.sources.filter(pk__in=ids))

    def sources_of(self, sort: str) -> list[Source]:
        """Those of one sort that can be used, or may be once they are there; the newest first."""
        return [
            source for source in self.sources.exclude(state="refused").order_by("-created_at") if source.sort == sort
        ]

    def append(self, sources: Sequence[Source]) -> bool:
        """Each becomes a clip at the end of the film, shown whole; False where the film has no room for them. Or
        Source.DoesNotExist, as below."""
        with self._film() as clips:
            self._hold(sources)
            if len(clips) + len(sources) > MOST_CLIPS:
                return False
            last = clips[-1].position if clips else 0
            Clip.objects.bulk_create(
                Clip(project=self, source=source, position=place) for place, source in enumerate(sources, last + 1)
            )
        return True

    def compose(self, parts: Sequence[Part]) -> None:
        """The film is these parts in this order, whatever it was before. Or Source.DoesNotExist: one was deleted."""
        with self._film() as clips:
            self._hold([part.source for part in parts])
            self.clips.filter(pk__in=[clip.pk for clip in clips]).delete()
            Clip.objects.bulk_create(
                Clip(project=self, source=part.source, position=place, in_us=part.in_us, out_us=part.out_us)
                for place, part in enumerate(parts, 1)
            )

    def arrange(self, order: Sequence[int]) -> bool:
        """Puts the clips in this order; False when these are not the film's clips, because another tab changed it."""
        with self._film() as clips:
            known = {clip.pk: clip for clip in clips}
            if sorted(order) != sorted(known):
                return False
            _number([known[pk] for pk in order])
        return True

    def move(self, clip_id: int, by: int) -> bool:
        """False at the ends of the film, and for a clip that is gone."""
        with self._film() as clips:
            place = _place(clips, clip_id)
            if place is None or not 0 <= place + by < len(clips):
                return False
            clips.insert(place + by, clips.pop(place))
            _number(clips)
        return True

    def duplicate(self, clip_id: int) -> bool:
        """The same part of the same source again, right behind the first."""
        with self._film() as clips:
            place = _place(clips, clip_id)
            if place is None or len(clips) >= MOST_CLIPS:
                return False
            clip = clips[place]
            copy = Clip(project=self, source_id=clip.source_id, position=0, in_us=clip.in_us, out_us=clip.out_us)
            copy.save(force_insert=True)
            clips.insert(place + 1, copy)
            _number(clips)
        return True

    def remove(self, clip_id: int) -> bool:
        return bool(self.clips.filter(pk=clip_id).delete()[0])

    def discard(self, source: Source) -> bool:
        """Out of the project, and its places out of the film; False while an export that has not ended needs it."""
        with self._film():
            wanted = self.exports.filter(job__settled_at__isnull=True).values_list("kind", "spec")
            named = {pk for kind, spec in wanted for pk in kinds.get(kind).made_of(spec)}
            if str(source.pk) in named or self._is_read_for(source, named):
                return False
            source.delete()
        return True

    def _is_read_for(self, source: Source, named: set[str]) -> bool:
        """Of a file that was uploaded several times, the last one is read, whichever of them was asked for."""
        same = self.sources.filter(sha256=source.sha256, bytes=source.bytes, state=Source.State.READY)
        if not source.sha256 or not same.filter(pk__in=named).exists():
            return False
        return same.order_by("created_at").last() == source

    def _hold(self, sources: Sequence[Source]) -> None:
        """Also an upload that is stopped holds no film: so none of them goes before its clip is kept."""
        wanted = {source.pk for source in sources}
        held = self.sources.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        if len(held) < len(wanted):
            raise Source.DoesNotExist

    @contextlib.contextmanager
    def _film(self) -> Iterator[list["Clip"]]:
        """The clips in order, while nobody else changes them. Or Project.DoesNotExist, where it was deleted."""
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=self.pk)
            yield list(self.clips.all())


class Clip(models.Model):
    """A source's place in the film, and which part of it is shown; without an out point, all the rest."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="clips")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="clips")
    position = models.PositiveIntegerField()
    in_us = models.PositiveBigIntegerField(default=0)
    out_us = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.position}: {self.source}"

    @property
    def length_us(self) -> int | None:
        """None while it is not known how long its source is."""
        end = self.out_us if self.out_us is not None else self.source.length_us
        return None if end is None else max(0, end - self.in_us)

    def trim(self, in_us: int, out_us: int | None) -> bool:
        """False when it was so already, or is gone."""
        if (self.in_us, self.out_us) == (in_us, out_us):
            return False
        self.in_us, self.out_us = in_us, out_us
        return bool(Clip.objects.filter(pk=self.pk).update(in_us=in_us, out_us=out_us))


def _place(clips: list[Clip], clip_id: int) -> int | None:
    return next((place for place, clip in enumerate(clips) if clip.pk == clip_id), None)


def _number(clips: list[Clip]) -> None:
    """Only those that moved are written."""
    for place, clip in enumerate(clips, 1):
        if clip.position != place:
            Clip.objects.filter(pk=clip.pk).update(position=place)
