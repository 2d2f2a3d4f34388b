"""A local attempt that tells its progress as always, and none of it is written: called like modal_functions.local."""

import sys
from pathlib import Path

from modal_functions.folder import FolderStore
from modal_functions.kinds import work_of
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys, unpack


class Silent(FolderStore):
    def jot(self, key: str, body: bytes) -> None:
        if not key.endswith("/progress.json"):
            super().jot(key, body)


def main(arguments: list[str]) -> int:
    folder, call, export, number, kind = arguments
    store = Silent(Path(unpack(sys.stdin.buffer.read())["root"]))
    keys = AttemptKeys(export=export, number=int(number))
    work = Path(folder) / "work"
    work.mkdir(parents=True)
    run(work=work_of(kind), spec=unpack(store.get(keys.spec) or b"{}"), store=store, keys=keys, call=call, folder=work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
