"""A store that fails while something is uploaded, in a sentence for whoever uploads."""

import contextlib
import logging
from collections.abc import Iterator

from django.utils.translation import gettext as _

from exports import store_said
from exports.limits import Refused
from modal_functions.store import Forbidden, Full, StoreError, answer_of

logger = logging.getLogger("exports")

AGAIN_AFTER = 10  # seconds


@contextlib.contextmanager
def store_in_words(name: str) -> Iterator[None]:
    """Whatever is wrong with it, as a sentence. What is stored already stays."""
    try:
        yield
    except (StoreError, OSError) as error:
        failed = answer_of(error) if isinstance(error, OSError) else error
        logger.warning("Something could not be uploaded. %s", store_said.told(failed))  # a name may be a patient's
        status, wait = (507, 0) if isinstance(failed, Full) else (503, AGAIN_AFTER)
        raise Refused(_sentence(failed) % {"name": name}, status, wait=wait) from error


def _sentence(failed: StoreError) -> str:
    if isinstance(failed, Full):
        return _(
            "The server's disk is full, so %(name)s cannot be stored. What was sent so far is kept:"
            " try again when there is room."
        )
    if isinstance(failed, Forbidden):
        return _("The server's store refuses %(name)s. What was sent so far is kept: tell whoever runs the server.")
    return _("The server cannot store %(name)s now. What was sent so far is kept: try again later.")
