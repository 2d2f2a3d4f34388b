"""How long who was heard or sent away is to wait before they come again, so that all are heard in turn."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

LEAST, LONGEST = 1.0, 5.0  # seconds
BEARABLE = 0.25  # of those who came may be sent away: a moment in which nothing goes on is no crowd
EASED = 0.9  # of the wait is left after each second without more than that
MOST_AT_ONCE = 2.0  # times as long as before


@dataclass
class Crowding:
    """Where more come than are taken and each comes again at once, who is taken is a matter of luck, and a few wait
    many times as long as the others. Looked at once in a wait, since only then what was said shows."""

    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    seconds: float = LEAST
    _taken: int = 0
    _refused: int = 0

    def __post_init__(self) -> None:
        self._since = self.clock()

    def came(self, *, taken: int, refused: int) -> None:
        now = self.clock()
        self._taken, self._refused = self._taken + taken, self._refused + refused
        passed = now - self._since
        if passed < self.seconds:
            return
        asked = self._taken + self._refused
        if self._refused > BEARABLE * asked:
            self.seconds = min(LONGEST, self.seconds * min(MOST_AT_ONCE, asked / max(1, self._taken)))
        else:
            self.seconds = max(LEAST, self.seconds * EASED**passed)
        self._since, self._taken, self._refused = now, 0, 0

    def again_after(self) -> int:
        """Whole seconds, on the average those that are meant; spread, so that who came together comes apart."""
        if self.seconds <= LEAST:
            return int(LEAST)
        return max(int(LEAST), int(self.seconds * (0.5 + self.chance()) + self.chance()))
