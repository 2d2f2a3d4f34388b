"""multi_clip from spec to film: what is done is not done again; whatever interrupts it, the film is the same."""

import json
from fractions import Fraction

import pytest

from modal_functions.batching import batched
from modal_functions.kinds import multi_clip
from modal_functions.media.chunks import plan
from modal_functions.media.spec import Film
from modal_functions.media.timeline import lay_out
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys, SoFar, kept_as, pack
from tests.modal_functions.media.reels import shoot


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reels")
    return [
        shoot(folder / "one.mp4", sound="aac"),
        shoot(folder / "two.mov", rate=Fraction(30), size=(640, 360)),
        shoot(folder / "mute.mov", layout=None),
    ]


@pytest.fixture
def sources(store, reels):
    return [store.put_file(f"projects/p/sources/{number}/original", reel.path) for number, reel in enumerate(reels)]


@pytest.fixture
def spec(sources):
    def asked(*trims):
        return {
            "chunks": "projects/p/chunks",
            "sources": [
                {"key": each.key, "name": f"clip-{n}.mp4", "bytes": each.bytes} for n, each in enumerate(sources)
            ],
            "film": {
                "output": {"width": 320, "height": 180, "fps": [25, 1], "quality": "draft"},
                "clips": [
                    {"source": sources[n].key, "sha256": sources[n].sha256, "in_us": begin, "out_us": end}
                    for n, begin, end in trims
                ],
            },
        }

    return asked


THREE = ((0, 0, 3_900_000), (1, 512_345, 3_000_000), (2, 1_000_000, 3_000_000))


@pytest.fixture
def make(store, tmp_path):
    def attempt(spec, number=1, work=multi_clip.work):
        folder = tmp_path / f"work-{number}"
        folder.mkdir()
        keys = AttemptKeys(export="e", number=number)
        return run(work=work, spec=spec, store=store, keys=keys, call="c", folder=folder)

    return attempt


def test_a_film_is_made_looked_at_and_kept(make, spec, store):
    outcome = make(spec(*THREE))
    result = outcome["result"]
    assert outcome["ending"] == "ok"
    assert result["frames"] == 98 + 62 + 50
    assert result["samples"] == result["frames"] * 48000 // 25
    assert store.size(result["key"]) == result["bytes"]
    assert (result["rendered"], result["chunks"]) == (5, 5)


def test_progress_is_what_was_done_and_ends_with_all_of_it(make, spec, store):
    make(spec(*THREE))
    told = json.loads(store.get(AttemptKeys(export="e", number=1).progress))
    assert told["stage"] == "publish"
    assert told["done"] == told["total"]
    passed = {each["stage"]: (each["done"], each["total"]) for each in told["passed"]}
    assert passed["process"] == (210, 210)
    assert passed["fetch"][0] == passed["fetch"][1] > 0


def test_who_waits_is_told_which_clips_are_finished_and_what_they_look_like(make, spec, store):
    make(spec(*THREE))
    so_far = SoFar.from_wire(json.loads(store.get(AttemptKeys(export="e", number=1).so_far)))
    assert [(piece.name, piece.done, piece.total) for piece in so_far.pieces] == [
        ("clip-0.mp4", 98, 98),
        ("clip-1.mp4", 62, 62),
        ("clip-2.mp4", 50, 50),
    ]
    pictures = [name for piece in so_far.pieces for name in piece.previews]
    assert len(pictures) == 5
    assert all(store.get(kept_as("projects/p/chunks", name))[:2] == b"\xff\xd8" for name in pictures)
    make(spec(*THREE), 2)
    assert SoFar.from_wire(json.loads(store.get(AttemptKeys(export="e", number=2).so_far))).kept == 210


def test_the_same_again_renders_nothing_and_gives_the_same_film(make, spec):
    first, second = make(spec(*THREE), 1)["result"], make(spec(*THREE), 2)["result"]
    assert second["rendered"] == 0
    assert second["sha256"] == first["sha256"]


def test_after_one_change_only_that_clip_is_rendered(make, spec):
    make(spec(*THREE), 1)
    changed = (THREE[0], (1, 600_000, 3_000_000), THREE[2])
    assert make(spec(*changed), 2)["result"]["rendered"] == 2  # of five, the two of the second clip
    turned = (THREE[2], THREE[0], THREE[1])
    assert make(spec(*turned), 3)["result"]["rendered"] == 0


def test_a_clip_that_stands_twice_is_rendered_once(make, spec):
    result = make(spec(THREE[2], THREE[2]))["result"]
    assert (result["frames"], result["chunks"], result["rendered"]) == (100, 2, 2)
    film = Film.from_wire(spec(THREE[2], THREE[2])["film"])
    chunks = plan(lay_out(film), film.output)
    assert len({chunk.key for chunk in chunks}) == 1
    assert len(list(batched(chunks, 2))) == 1


def test_a_pause_keeps_what_is_rendered_and_the_resumed_film_is_the_same(make, spec, store):
    def until_the_second_chunk(context):
        take = store.take

        def counted(key, path, on_bytes=None):
            stored = take(key, path, on_bytes)
            if len([each for each in store.keys("projects/p/chunks") if each.endswith(".mp4")]) >= 2:
                store.put(context.keys.control, pack({"stop": "pause"}))
            return stored

        object.__setattr__(context, "store", _With(store, take=counted))
        return multi_clip.work(context)

    paused = make(spec(*THREE), 1, until_the_second_chunk)
    assert paused["ending"] == "paused"
    kept = [key for key in store.keys("projects/p/chunks") if key.endswith(".mp4")]
    assert 2 <= len(kept) < 5
    resumed = make(spec(*THREE), 2)["result"]
    assert resumed["rendered"] == 5 - len(kept)
    for key in store.keys("projects/p/chunks"):
        store.delete(key)
    assert make(spec(*THREE), 3)["result"]["sha256"] == resumed["sha256"]


@pytest.mark.parametrize(("what", "how"), [("mp4", "a wrong byte"), ("mp4", "cut off"), ("flac", "a wrong byte")])
def test_a_kept_part_that_is_damaged_is_thrown_away_and_the_next_try_makes_it_anew(make, spec, store, what, how):
    whole = make(spec(*THREE), 1)["result"]
    damaged, *_ = (key for key in store.keys("projects/p/chunks") if key.endswith(what))
    others = [key for key in store.keys("projects/p/chunks") if key.endswith("mp4") and key != damaged]
    body = store.get(damaged)
    at = len(body) // 2 if what == "mp4" else len(body) - 12  # in front, FLAC has empty room
    wrong = body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :]
    store.put(damaged, wrong if how == "a wrong byte" else body[:at])
    outcome = make(spec(*THREE), 2)
    assert (outcome["ending"], outcome["code"]) == ("error", "result_invalid")
    assert "A part that was finished before " in outcome["sentence"]
    assert store.size(damaged) is None
    assert all(map(store.size, others))
    again = make(spec(*THREE), 3)["result"]
    assert (again["rendered"], again["sha256"]) == (1 if what == "mp4" else 0, whole["sha256"])


class _With:
    def __init__(self, inner, **changed):
        self.inner, self.changed = inner, changed

    def __getattr__(self, name):
        return self.changed.get(name) or getattr(self.inner, name)


def test_a_clip_that_cannot_be_read_is_named(make, spec, store, sources, tmp_path):
    broken = tmp_path / "broken"
    whole = store.get(sources[1].key)
    broken.write_bytes(whole[: len(whole) // 3] + b"\0" * (len(whole) - len(whole) // 3))
    store.put_file(sources[1].key, broken)
    outcome = make(spec(*THREE))
    assert (outcome["ending"], outcome["code"]) == ("error", "input_unreadable")
    assert outcome["sentence"].startswith("We couldn't use clip 2 (clip-1.mp4).")
    assert outcome["sentence"].endswith("Replace it and try again.")


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_clip_that_is_gone_is_named(make, spec, store, sources, how):
    store.delete(sources[2].key)
    if how == "cut":
        store.put(sources[2].key, b"x")
    outcome = make(spec(*THREE))
    assert (outcome["ending"], outcome["code"]) == ("error", "input_missing")
    assert "clip-2.mp4" in outcome["sentence"]


@pytest.mark.parametrize("nonsense", [{}, {"output": {}, "clips": []}, {"output": None}, None])
def test_a_spec_that_makes_no_sense_is_an_outcome(make, spec, nonsense):
    outcome = make({**spec(*THREE), "film": nonsense})
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
