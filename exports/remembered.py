"""What a process still knows of its last looks: what was written once is not read again, nor what says the same."""

from dataclasses import dataclass

from modal_functions.wire import Hello
from progress.report import Report

MOST = 20_000  # attempts, of about a kilobyte each


@dataclass(slots=True)
class Known:
    """Of one attempt. `told` is its progress as it was read, and what that says."""

    runs: tuple[Hello, ...] = ()
    told: tuple[bytes, Report | None] = (b"", None)


class Remembered:
    """Nothing is lost with it: it is read again."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[str, Known] = {}

    def of(self, folder: str) -> Known:
        known = self._known.get(folder)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known.setdefault(folder, Known())
        return known
