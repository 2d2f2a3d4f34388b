"""What was begun for an export that cannot be is taken back, and that is said."""

from collections.abc import Iterator
from contextlib import contextmanager

from .asking import Away, Refused
from .site import Longhaul, Told

GONE = "The project “{name}”, begun for this export, is deleted again, with what was uploaded to it."
LEFT = (
    "The project “{name}” stays there, with what was uploaded to it. To go on: longhaul export … --into {id}."
    " To delete it: longhaul delete {id}"
)


@contextmanager
def taken_back(longhaul: Longhaul, project: Told) -> Iterator[Told]:
    """The project, which ends with whatever goes wrong in here; the error's note says so. Where the site stays away,
    it is not asked once more."""
    try:
        yield project
    except Away as error:
        error.add_note(LEFT.format(**project))
        raise
    except BaseException as error:
        error.add_note(_delete(longhaul, project).format(**project))
        raise


@contextmanager
def on_the_way(sentence: str) -> Iterator[None]:
    """What was begun there goes on, whatever goes wrong in here; the error's note says how to come back to it."""
    try:
        yield
    except BaseException as error:
        error.add_note(sentence)
        raise


def _delete(longhaul: Longhaul, project: Told) -> str:
    try:
        longhaul.delete_project(project["id"])
    except (Away, Refused, KeyboardInterrupt):
        return LEFT
    return GONE
