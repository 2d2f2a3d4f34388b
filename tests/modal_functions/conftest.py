from fractions import Fraction

import pytest

from modal_functions.folder import FolderStore
from modal_functions.wire import AttemptKeys, Order, pack
from tests.modal_functions.media.reels import shoot

FILM = ((0, 0, 3_900_000), (1, 512_345, 3_000_000))


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


@pytest.fixture(scope="session")
def short_reels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reels")
    return [
        shoot(folder / "one.mp4", sound="aac", size=(160, 90)),
        shoot(folder / "two.mov", rate=Fraction(30), size=(160, 90)),
    ]


@pytest.fixture
def short_sources(store, short_reels):
    return [
        store.put_file(f"projects/p/sources/{number}/original", reel.path) for number, reel in enumerate(short_reels)
    ]


@pytest.fixture
def order(store, short_sources):
    """An attempt whose spec is in the store."""

    def asked(number=1):
        keys = AttemptKeys(export="e", number=number)
        spec = {
            "chunks": "projects/p/chunks",
            "sources": [{"key": s.key, "name": f"clip-{n}.mp4", "bytes": s.bytes} for n, s in enumerate(short_sources)],
            "film": {
                "output": {"width": 160, "height": 90, "fps": [25, 1], "quality": "draft"},
                "clips": [
                    {"source": short_sources[n].key, "sha256": short_sources[n].sha256, "in_us": begin, "out_us": end}
                    for n, begin, end in FILM
                ],
            },
        }
        store.put(keys.spec, pack(spec))
        return Order(keys=keys, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})

    return asked
