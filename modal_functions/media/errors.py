"""The one way in which media work says no."""

import errno
from typing import Final

CODES: Final = frozenset(
    {"input_unreadable", "unsupported", "too_long", "out_of_memory", "function_timeout", "result_invalid"}
)

# What a full disk, a used-up quota and a file past its limit say.
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

NO_ROOM_LEFT: Final = "There was no room left to write the result."
TOLD_TO_STOP: Final = "The work was told to stop from outside."
DAMAGED_PART: Final = "A part that was finished before is damaged."
NOT_OF_COPIES: Final = frozenset({NO_ROOM_LEFT, TOLD_TO_STOP, DAMAGED_PART})  # to encode instead would not help


class MediaError(Exception):
    """`sentence` is for the person who waits; `code` is for the program. `pictures` are, where it is known, those of a
    finished film among which the fault lies: from the first to the last."""

    def __init__(self, code: str, sentence: str, pictures: tuple[int, int] | None = None) -> None:
        if code not in CODES:
            raise ValueError(f"{code!r} is no code of a media error; expected one of {sorted(CODES)}")
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence
        self.pictures = pictures

    def __str__(self) -> str:
        return self.sentence
