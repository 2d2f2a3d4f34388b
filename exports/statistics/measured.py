"""All that is counted of the last exports one by one: as a value that can be kept, and told to whoever may know it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from exports.statistics import truth, work
from exports.statistics.scope import Scope, Spread
from exports.statistics.truth import Checkpoint
from exports.statistics.work import Group

SPREADS = ("durations", "starts", "waits", "stops", "freshness")
GROUPS = ("uploads", "downloads", "frames")
CHECKPOINTS = ("checkpoints", "large")


@dataclass(frozen=True, kw_only=True)
class Measured:
    durations: Spread | None
    starts: Spread | None
    cold: float  # share of the starts
    waits: Spread | None
    stops: Spread | None
    freshness: Spread | None
    uploads: Sequence[Group]
    downloads: Sequence[Group]
    frames: Sequence[Group]
    checkpoints: Sequence[Checkpoint]
    large: Sequence[Checkpoint]
    of_page: Checkpoint | None
    worsened: tuple[float, int] | None  # times in a hundred polls, of so many jobs
    kinds: Sequence[tuple[str, bool]]  # pipelines, and whether large

    @classmethod
    def of(cls, owner: Any) -> "Measured":
        """Of the last exports of an account, or of all; nothing is held back."""
        scope = Scope(owner=owner)
        starts, cold = work.starts(scope)
        checkpoints, large = truth.checkpoints(scope)
        return cls(
            durations=work.durations(scope),
            starts=starts,
            cold=cold,
            waits=work.waits(scope),
            stops=work.stops(scope),
            freshness=work.freshness(scope),
            uploads=work.uploads(scope),
            downloads=work.downloads(scope),
            frames=work.a_frame(scope),
            checkpoints=checkpoints,
            large=large,
            of_page=truth.of_page(scope),
            worsened=truth.worsened(scope),
            kinds=truth.kinds(scope),
        )

    def told(self, scope: Scope) -> "Measured":
        """Without what is made of so few that it may not be told."""
        told = {name: _told(getattr(self, name), scope) for name in (*SPREADS, "of_page")}
        told |= {name: [g for g in getattr(self, name) if scope.may_tell(g.spread.n)] for name in GROUPS}
        told |= {name: [each for each in getattr(self, name) if scope.may_tell(each.n)] for name in CHECKPOINTS}
        worsened = self.worsened if self.worsened and scope.may_tell(self.worsened[1]) else None
        return Measured(**told, cold=self.cold, worsened=worsened, kinds=self.kinds)

    def as_kept(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_kept(cls, kept: dict[str, Any]) -> "Measured":
        read: dict[str, Any] = {name: _spread(kept[name]) for name in SPREADS}
        read |= {name: [Group(**each | {"spread": _spread(each["spread"])}) for each in kept[name]] for name in GROUPS}
        read |= {name: [Checkpoint(**each) for each in kept[name]] for name in CHECKPOINTS}
        of_page = kept["of_page"] and Checkpoint(**kept["of_page"])
        worsened = kept["worsened"] and tuple(kept["worsened"])
        kinds = [(pipeline, large) for pipeline, large in kept["kinds"]]
        return cls(**read, cold=kept["cold"], of_page=of_page, worsened=worsened, kinds=kinds)

    @classmethod
    def may_read(cls, kept: Any) -> bool:
        """Not what another version has kept, which may know other figures."""
        return isinstance(kept, dict) and kept.keys() == {each.name for each in fields(cls)}


def _told(value: Any, scope: Scope) -> Any:
    return value if value is not None and scope.may_tell(value.n) else None


def _spread(kept: dict[str, Any] | None) -> Spread | None:
    return None if kept is None else Spread(**kept)
