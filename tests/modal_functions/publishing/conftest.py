"""One clip, a store, and the work of posting it, in this process or in one that can be killed."""

import os
import signal
from itertools import count

import pytest

from modal_functions.folder import FolderStore
from modal_functions.kinds.clip_post import work
from modal_functions.reporter import Reporter
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys
from tests.platforms import TOKEN, Platforms

PACE = {"first": 0.01, "most": 0.05, "patience": 1.0}
EXPORT = "5f7a"


class Told(Reporter):
    """Hears everything, and not only what there is time to write."""

    def __init__(self, *, heard, **more):
        self.heard = heard
        super().__init__(**more)

    def _tell(self, **changes):
        super()._tell(**changes)
        self.heard.append((self._picture.stage, self._picture.done, self._picture.total))


class Desk:
    """Attempts of one export, one after the other or side by side."""

    def __init__(self, folder, platforms):
        self.folder, self.platforms, self.numbers = folder, platforms, count(1)
        self.store, self.heard = FolderStore(folder / "store"), []
        self.account = {"token": TOKEN, "id": "178", "name": "olga"}
        self.clip(b"a clip" * 1000)

    def clip(self, body):
        path = self.folder / "clip.mp4"
        path.write_bytes(body)
        stored = self.store.put_file("attempts/parent/1/out/c.1/1.mp4", path)
        self.bytes = {"key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256, "name": "clip-01.mp4"}

    def spec(self, *platforms, **more):
        return {
            "chunks": "projects/p/chunks", "sources": [], "clip": {**self.bytes, "seconds": 6.0},
            "platforms": list(platforms or ("tiktok", "instagram")), "caption": "Lofoten #sea",
            "privacy": "SELF_ONLY", "allow": ["comment"], "promotes": "none",
            "addresses": self.platforms.addresses, "pace": PACE, "given": [], **more,
        }  # fmt: skip

    def post(self, *platforms, export=EXPORT, carried=None, stop=None, **more):
        """One attempt, to its end; the outcome."""
        number = next(self.numbers)
        folder, keys = self.folder / f"work-{number}", AttemptKeys(export=export, number=number)
        folder.mkdir()
        if stop:
            self.platforms.heard = lambda: (
                self.store.put(keys.control, stop) if not self.store.get(keys.control) else None
            )
        carried = {"tiktok": self.account, "instagram": self.account} if carried is None else carried
        return run(
            work=work, spec=self.spec(*platforms, **more), store=self.store, keys=keys, call=f"c{number}",
            folder=folder, carried=carried, reporter=lambda **known: Told(heard=self.heard, **known),
        )  # fmt: skip

    def post_and_be_killed(self, at, *, after):
        """kill -9 when the platforms are asked for the so-manieth time. True if it came to that."""
        child = os.fork()
        if child == 0:
            try:
                self.post()
            finally:
                os._exit(0)
        self.platforms.killed = (len(self.platforms.asked) + at, after, lambda: os.kill(child, signal.SIGKILL))
        _, status = os.waitpid(child, 0)
        next(self.numbers)
        self.platforms.killed = None
        return os.WIFSIGNALED(status)

    @property
    def posted(self):
        return len(self.platforms.tiktok), len(self.platforms.instagram)


@pytest.fixture
def platforms():
    served = Platforms()
    yield served
    served.stop()


@pytest.fixture
def desk(tmp_path, platforms):
    return Desk(tmp_path, platforms)
