"""The entry point of a local attempt: python -m modal_functions.local FOLDER CALL EXPORT NUMBER KIND.

Its store is described on standard input, since a key may be in it, and so are the secrets that its kind carries:
arguments and environment can be read by others.
"""

import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from modal_functions.attempt import attempt
from modal_functions.wire import CARRIED, AttemptKeys, Order, unpack

logger = logging.getLogger("modal_functions")


class Told(BaseException):
    """Somebody asked this process to end. It leaves no outcome: whoever asked has decided, or will look."""


def main(arguments: list[str]) -> int:
    folder, call, export, number, kind = arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (Path(folder) / "pid").write_text(str(os.getpid()))
    keys, store = AttemptKeys(export=export, number=int(number)), unpack(sys.stdin.buffer.read())
    order = Order(keys=keys, kind=kind, token=call, carried=store.pop(CARRIED, {}), store=store)
    try:
        outcome = attempt(order.as_wire(), call=call, folder=Path(folder) / "work")
    except Told:
        logger.info("ended: told to")
        return 143
    logger.info("ended: %s %s", outcome.get("ending"), outcome.get("code") or outcome.get("sentence", ""))
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    raise Told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
