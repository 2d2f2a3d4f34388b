"""A child of the media engine that does nothing but say how far it is, or does not even say it."""

import sys
import time
from typing import Any

from modal_functions.media.entry import Say, serve

COMMAND = (sys.executable, "-m", "tests.bench.render.chatter")


def perform(request: dict[str, Any], say: Say) -> dict[str, Any]:
    for number in range(request["units"]):
        if request["says"]:
            say({"frames": number + 1})
        time.sleep(0.001)  # alone, as between two frames: lines that come at once are heard at once
    return {}


if __name__ == "__main__":
    serve(perform)
