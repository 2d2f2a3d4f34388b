"""multi_clip: the clips as they are, one after the other."""

from typing import Any

from modal_functions import filming
from modal_functions.needs import Needs
from modal_functions.runtime import Context

NEEDS = Needs()


def work(context: Context) -> dict[str, Any]:
    return filming.make(context)
