"""How far each of several results is, in words: beside the bar of the whole."""

from dataclasses import dataclass

from progress import wording
from progress.place import gettext as _


@dataclass(frozen=True, kw_only=True)
class TrackLine:
    """How far one of several results is."""

    name: str
    done: int
    total: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100

    @property
    def said(self) -> str:
        if self.done >= self.total:
            return _("ready")
        return wording.percent(self.percent) if self.done else _("to come")
