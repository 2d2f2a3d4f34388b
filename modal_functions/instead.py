"""What is made of a film with copies that was refused when it was looked at: the same, encoded where it is at fault."""

from dataclasses import replace
from typing import TYPE_CHECKING

from modal_functions.media.chunks import COPY
from modal_functions.media.errors import NOT_OF_COPIES, MediaError
from modal_functions.untouched import without

if TYPE_CHECKING:
    from modal_functions.filming import Making

MOST_LOOKS = 4  # at a film that has copies; each costs a join


def instead(film: "Making", encoded: "Making", error: MediaError, tried: int) -> "Making":
    """`encoded` is all of it without a copy, `tried` how often it was looked at. Of what is copied only a few pictures
    are tried beforehand. Damage behind them shows in the end, and mostly in which pictures; where it does not, it may
    be the sound. Raises the error again where to encode more would not help."""
    if film is encoded or error.code != "result_invalid" or error.sentence in NOT_OF_COPIES:
        raise error
    if tried >= MOST_LOOKS:
        return encoded
    at_fault = _copies_in(film, error.pictures)
    if at_fault:
        return replace(film, chunks=without(at_fault, film.chunks, film.film))
    if film.passages and error.pictures is None:
        return replace(film, grids=None)
    return encoded


def _copies_in(film: "Making", pictures: tuple[int, int] | None) -> set[str]:
    first, last = pictures or (0, -1)
    copies = (chunk for chunk in film.chunks if chunk.how == COPY)
    return {chunk.key for chunk in copies if chunk.first <= last and first < chunk.first + chunk.frames}
