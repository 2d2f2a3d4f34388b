"""What a request was about was deleted by another one after it had been found: no fault of the server, and said so."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext_noop

from progress.errors import Unknown

SAID = gettext_noop(
    "Something that this belongs to was deleted at that moment, so nothing was changed. Look again at what is there."
)


def is_gone(error: Exception) -> bool:
    """A row that was asked for is no more."""
    return isinstance(error, ObjectDoesNotExist | Unknown)


def is_overtaken(error: Exception) -> bool:
    """A row was to be written of something that is no more; or that something itself: only Django raises the plain
    error, where what it was told to update is not there."""
    if isinstance(error, IntegrityError):
        return "foreign key constraint" in str(error).lower()
    return type(error) is DatabaseError
