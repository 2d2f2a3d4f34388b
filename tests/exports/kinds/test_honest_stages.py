"""Every percent has a unit, and a stage that takes long tells of it often: counted, not timed."""

import threading
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exports import kinds
from modal_functions import kinds as works
from modal_functions.media import child, verbs
from modal_functions.media.chunks import plan
from modal_functions.media.motion import pieces_of
from modal_functions.media.sound import plan_sound
from modal_functions.media.spec import Film
from modal_functions.media.timeline import lay_out
from modal_functions.reporter import Reporter
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys
from tests.exports.kinds.asked import KINDS, TITLE
from tests.modal_functions.kinds.conftest import Bench, plain
from tests.modal_functions.media.voices import SOON, talk
from tests.modal_functions.volume import scans
from tests.platforms import TOKEN, Platforms

LONG = 5.0  # seconds; what takes longer has to tell of
LEAST = 5  # different values
WANTED = {"count": 6, "seconds": 4, "aspect": None, "side": 54, "quality": "draft", "captions": True, "keywords": []}
FETCH = {"private": True, "bytes": 10**8, "seconds": 3600, "patience": 60.0}
ONE_PIECE = {("assembly", "validate")}  # what a piece tells inside is held further below
QUICK = {"edl"}  # none of its stages takes long


def story(film):
    """For the kinds that begin with one: that clip as its only shot."""
    shots = [{"clip": clip, "note": ""} for clip in film["clips"]]
    return {"title": "Long", "project": "p", "rate": [25, 1], "drop": False, "shots": shots}


OWN = {
    "multi_clip": lambda film: {},
    "overlay": lambda film: {"items": [TITLE]},
    "framing_ai": lambda film: {"follow": "motion"},
    "assembly": lambda film: {
        "story": story(film),
        "outputs": [film["output"], film["output"] | {"container": "webm", "video": "vp9", "audio": "opus"}],
    },
    "clip_it": lambda film: {"wanted": WANTED, "fetch": FETCH},
    "edl": lambda film: {"story": story(film)},
    "mri_mesh": lambda film: {"volume": {"slices": 40, "classes": 1, "smoothing": 1.0, "triangles": 1000}},
}
ACCOUNT = {"token": TOKEN, "id": "178", "name": "olga"}
CARRIED = {"tiktok": ACCOUNT, "instagram": ACCOUNT}


@pytest.fixture(scope="module")
def reel(tmp_path_factory):
    said = talk(55, [(moment, SOON) for moment in (2, 13, 14, 31, 44)])
    path = tmp_path_factory.mktemp("long") / "reel.mp4"
    return plain(path, seconds=55, size=(96, 54), rate=10, samples=said)


@pytest.fixture(scope="module")
def served(reel):
    """Where the reel can be fetched from."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(reel.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{reel.name}"
        server.shutdown()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


class Recorded(Reporter):
    """Hears everything, and not only what there is time to write."""

    told: dict

    def units(self, done, total=None, **more):
        super().units(done, total, **more)
        self.told.setdefault(self.picture.stage, []).append((self.picture.done, self.picture.total))


@pytest.fixture
def platforms():
    served = Platforms()
    yield served
    served.stop()


def posted(bench, reel, platforms):
    stored = bench.store.put_file("attempts/parent/1/out/c.1/1.mp4", reel)
    clip = {"key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256, "name": "clip-01.mp4"}
    return {
        "chunks": "projects/p/chunks", "sources": [], "clip": clip, "platforms": ["tiktok", "instagram"],
        "caption": "", "privacy": "SELF_ONLY", "allow": [], "promotes": "none", "addresses": platforms.addresses,
        "pace": {"first": 0.01, "most": 0.1, "patience": 10.0},
    }  # fmt: skip


def worked_on(kind, bench, reel, folder, platforms):
    if kind == "clip_post":
        return posted(bench, reel, platforms)
    if kind != "mri_mesh":
        spec = bench.spec(reel, seconds=55, size=(96, 54), rate=10)
        return spec | OWN[kind](spec["film"])
    raw, clean = scans.nifti(folder / "raw.nii", scans.ellipsoid((28, 26, 40), radii=(10, 9, 15))), folder / "clean"
    child.run({"do": "mri_mesh.look", "path": str(raw), "to": str(clean)})
    stored = bench.store.put_file("projects/p/sources/0/original", clean)
    volume = OWN[kind](None)["volume"] | {"sources": [{"source": stored.key, "sha256": stored.sha256}]}
    told = {"key": stored.key, "name": "The scan", "bytes": stored.bytes}
    return {"chunks": "projects/p/chunks", "sources": [told], "volume": volume}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stage_that_takes_long_tells_of_it_in_five_steps_at_least(kind, bench, reel, served, platforms, tmp_path):
    spec = worked_on(kind, bench, reel, tmp_path, platforms)
    if "fetch" in spec:
        spec["fetch"] = {**spec["fetch"], "address": served}

    class Heard(Recorded):
        told = {}

    outcome = run(work=works.work_of(kind), spec=spec, store=bench.store, keys=AttemptKeys(export=kind, number=1),
                  call="c", folder=tmp_path, reporter=Heard, carried=CARRIED)  # fmt: skip
    assert outcome["ending"] == "ok", outcome["sentence"]
    declared = {stage.key: stage for stage in kinds.get(kind).pipeline.stages}
    long = [key for key, stage in declared.items() if stage.seconds > LONG and key != "upload"]
    assert bool(long) != (kind in QUICK), "there is something to look at"
    for key in long:
        assert declared[key].unit, f"{key} takes long and has no unit"
        values = [done for done, _ in Heard.told.get(key, [])]
        assert len(set(values)) >= LEAST or (kind, key) in ONE_PIECE, f"{key} told of {sorted(set(values))} only"
        assert values == sorted(values), f"{key} fell"
        assert Heard.told[key][-1][0] == Heard.told[key][-1][1], f"{key} did not tell of all"
    bench.forget()


def said_by(request):
    """What a verb says of its progress, by a clock on which every unit takes long."""
    heard = []
    verbs.perform(request, heard.append)
    return [next(iter(each.values())) for each in heard if "chunk" not in each]


@pytest.fixture
def slow_clock(monkeypatch):
    now = iter(range(10**9))
    monkeypatch.setattr("time.monotonic", lambda: float(next(now)))


@pytest.mark.usefixtures("slow_clock")
def test_inside_a_piece_of_work_every_unit_can_be_told_of(bench, reel, tmp_path):
    film = Film.from_wire(bench.spec(reel, seconds=4, size=(96, 54), rate=10)["film"])
    timeline, output = lay_out(film), film.output.as_wire()
    at, path = {"folder": str(tmp_path)}, {"path": str(reel)}
    chunks = [chunk.as_wire() for chunk in plan(timeline, film.output)]
    assert said_by({"do": "render", "chunks": chunks, "output": output, **at, **path}) == list(range(1, 41))
    [piece] = pieces_of(film.clips[0], 40, Fraction(10))
    looked = {"do": "framing_ai.look", "piece": piece.as_wire(), **at, **path}
    assert said_by(looked) == list(range(1, 41))
    [sound] = [each.as_wire() for each in plan_sound(timeline)]
    said_by({"do": "sound", "piece": sound, **at, **path})
    track = tmp_path / "sound.mp4"
    assert len(said_by({"do": "soundtrack", "pieces": [sound], "to": str(track), **at})) >= LEAST
    parts = [{"path": str(tmp_path / f"{chunk['key']}.mp4"), "frames": chunk["frames"]} for chunk in chunks]
    made = tmp_path / "film.mp4"
    joined = {"do": "join", "parts": parts, "sound": str(track), "output": output, "to": str(made)}
    assert len(said_by(joined)) >= 40
    verified = {"do": "verify", "path": str(made), "output": output, "frames": 40}
    assert said_by(verified) == list(range(1, 41))
