"""The entry point of a local attempt: python -m modal_functions.local STORE FOLDER CALL EXPORT NUMBER KIND."""

import logging
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from modal_functions.kinds import work_of
from modal_functions.runtime import Context, run
from modal_functions.store import FolderStore
from modal_functions.wire import AttemptKeys, unpack

logger = logging.getLogger("modal_functions")


class Told(BaseException):
    """Somebody asked this process to end. It leaves no outcome: whoever asked has decided, or will look."""


def main(arguments: list[str]) -> int:
    root, folder, call, export, number, kind = arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (Path(folder) / "pid").write_text(str(os.getpid()))
    store, keys = FolderStore(Path(root)), AttemptKeys(export=export, number=int(number))
    work = Path(folder) / "work"
    work.mkdir(parents=True, exist_ok=True)

    def of_kind(context: Context) -> dict[str, Any]:
        return work_of(kind)(context)

    try:
        spec = unpack(store.get(keys.spec) or b"{}")
        outcome = run(work=of_kind, spec=spec, store=store, keys=keys, call=call, folder=work)
        logger.info("ended: %s %s", outcome.get("ending"), outcome.get("code", ""))
    except Told:
        logger.info("ended: told to")
        return 143
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    raise Told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
