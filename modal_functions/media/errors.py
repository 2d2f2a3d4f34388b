"""The one way in which media work says no."""

import errno
from typing import Final

CODES: Final = frozenset(
    {"input_unreadable", "unsupported", "too_long", "out_of_memory", "function_timeout", "result_invalid", "no_room"}
)

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})  # what a full disk and a used-up quota say

NO_ROOM_LEFT: Final = (
    "The disk where it is made is full. What is finished is kept: once there is room, a retry goes on from there."
)
TOO_LARGE: Final = "The result became larger than it may be."
TOLD_TO_STOP: Final = "The work was told to stop from outside."
UNREAD_PART: Final = "A part that was finished before cannot be read now."
DAMAGED_PART: Final = "A part that was finished before is damaged."
NOT_ENCODED: Final = "The encoder failed. What is finished is kept: a retry goes on from there."
# No clip's fault, and to encode would not help
NOT_OF_COPIES: Final = frozenset({NO_ROOM_LEFT, TOO_LARGE, TOLD_TO_STOP, DAMAGED_PART, NOT_ENCODED})


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


def unwritten(number: int | None) -> MediaError | None:
    """What the number of an OSError says of a file that could not be written, if it speaks of that."""
    if number in NO_ROOM:
        return MediaError("no_room", NO_ROOM_LEFT)
    return MediaError("result_invalid", TOO_LARGE) if number == errno.EFBIG else None
