"""What would become of an export that is asked for now: what is known of it, and what it would wait for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from exports import foreseen, kinds, line, queue
from exports.models import Project, Source
from progress.estimate.shapes import Features, Left, Quantiles
from progress.foresight import foresight


@dataclass(frozen=True, kw_only=True)
class Before:
    features: Features
    large: bool
    ahead: tuple[Left, ...]
    slots: int
    uploaded: float  # share of its bytes that are here

    def left(self) -> Quantiles | None:
        """From now to its end; None while there is nothing to compare it with."""
        return foresight().before(
            self.features, large=self.large, uploaded=self.uploaded, ahead=self.ahead, slots=self.slots
        )

    def wait(self) -> tuple[float, float]:
        return foresight().wait(self.ahead, self.slots)


def before(project: Project, kind: str, spec: Mapping[str, Any], sources: Iterable[Source], now: datetime) -> Before:
    needed = list(sources)
    features, large = foreseen.known(kind, spec, needed, foreseen.around(project, now))
    waits = line.memory().work_of(queue.ahead_of_new(project.owner), foresight(), now)
    return Before(
        features=features,
        large=large,
        ahead=(*line.work_running(foresight(), now), *waits),
        slots=settings.RUNNING_AT_ONCE if settings.RUNNER == "local" else settings.MODAL_AT_ONCE,
        uploaded=_uploaded(needed),
    )


def of_request(project: Project, kind: str, spec: Mapping[str, Any], now: datetime) -> Before:
    return before(project, kind, spec, project.sources.filter(pk__in=kinds.get(kind).made_of(spec)), now)


def _uploaded(sources: list[Source]) -> float:
    whole = sum(source.bytes for source in sources)
    here = sum(source.stored_bytes if source.state == source.State.UPLOADING else source.bytes for source in sources)
    return min(1.0, here / whole) if whole else 1.0
