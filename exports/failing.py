"""A store that fails while something is uploaded, in a sentence for whoever uploads."""

import contextlib
import errno
import logging
from collections.abc import Iterator

from django.utils.translation import gettext as _

from exports.limits import Refused
from modal_functions.store import Full, StoreError

logger = logging.getLogger("exports")

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def store_in_words(name: str) -> Iterator[None]:
    """Whatever is wrong with it, as a sentence. What is stored already stays."""
    try:
        yield
    except (StoreError, OSError) as error:
        logger.warning("The store failed while something was uploaded: %s", error)  # a name may be a patient's
        if isinstance(error, Full) or (isinstance(error, OSError) and error.errno in NO_ROOM):
            said = _(
                "The server's disk is full, so %(name)s cannot be stored. What was sent so far is kept:"
                " try again when there is room."
            )
            raise Refused(
                said % {"name": name},
                507,
            ) from error
        said = _("The server cannot store %(name)s now. What was sent so far is kept: try again later.")
        raise Refused(said % {"name": name}, 503) from error
