"""Quality “original”: what needs no change is copied, the rest is encoded, and no interruption changes the film."""

import json
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from modal_functions import instead
from modal_functions.attempt import attempt
from modal_functions.fan import Fan, Lost, NotTaken, make_batch
from modal_functions.kinds import multi_clip, overlay
from modal_functions.media.errors import NO_ROOM_LEFT, TOLD_TO_STOP
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys, Order, SoFar, pack
from tests.modal_functions.media.cuts import tagged
from tests.modal_functions.media.reels import lag_of, number_on, samples_of, shoot
from tests.modal_functions.test_fan import Machines


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reels")
    one = shoot(folder / "one.mp4", seconds=8, **tagged({"options": {"g": "25"}, "sound": "aac"}))
    return [
        one,
        shoot(folder / "two.mp4", seconds=4, **tagged({"options": {"g": "25", "bf": "0", "profile": "baseline"}})),
        replace(one, path=damaged(one.path, folder / "three.mp4", number=182)),
    ]


def damaged(path, to, *, number):
    """The same, but that nothing can be made of one packet of its picture."""
    body = bytearray(path.read_bytes())
    with av.open(str(path)) as film:
        packet = [packet for packet in film.demux(video=0) if packet.size][number]
    body[packet.pos + 6 : packet.pos + packet.size] = bytes(packet.size - 6)
    to.write_bytes(body)
    return to


@pytest.fixture
def spec(store, reels):
    sources = [store.put_file(f"projects/p/sources/{n}/original", reel.path) for n, reel in enumerate(reels)]

    def asked(*trims, quality="original", **more):
        clips = [
            {"source": sources[n].key, "sha256": sources[n].sha256, "in_us": begin, "out_us": end}
            for n, begin, end in trims
        ]
        told = [{"key": each.key, "name": f"clip-{n}.mp4", "bytes": each.bytes} for n, each in enumerate(sources)]
        output = {"width": 320, "height": 180, "fps": [25, 1], "quality": quality}
        return {"chunks": "projects/p/chunks", "sources": told, "film": {"output": output, "clips": clips}, **more}

    return asked


@pytest.fixture
def make(store, tmp_path):
    def attempt(spec, number=1, work=multi_clip.work):
        folder = tmp_path / f"work-{number}"
        folder.mkdir()
        keys = AttemptKeys(export="e", number=number)
        return run(work=work, spec=spec, store=store, keys=keys, call="c", folder=folder)

    return attempt


def numbers(store, result):
    with av.open(str(store.in_place(result["key"]))) as film:
        return [number_on(frame) for frame in film.decode(video=0)]


TRIM = (0, 520_000, 7_480_000)  # frames 13 to 186; of them 25 to 186 stand in whole groups, or at the beginning of one


def test_what_stands_in_whole_groups_is_copied_and_only_the_edges_are_encoded(make, spec, store):
    result = make(spec(TRIM))["result"]
    assert numbers(store, result) == list(range(13, 187))
    assert 150 <= result["copied"] <= 162
    so_far = SoFar.from_wire(json.loads(store.get(AttemptKeys(export="e", number=1).so_far)))
    assert so_far.copied == result["copied"]


def test_the_sound_of_a_copied_film_begins_with_its_picture_and_lags_by_no_sample(make, spec, store, reels):
    result = make(spec((0, 3_000_000, 5_000_000), TRIM))["result"]
    values, first = samples_of(store.in_place(result["key"]))
    source, begin = samples_of(reels[0].path)
    assert first == begin == 0
    assert 0 <= len(values) // 2 - 48_000 * (50 + 174) // 25 < 1024  # the last packet is filled up
    for film, own in ((20_000, 164_000), (96_000 + 150_000, 24_960 + 150_000)):
        assert lag_of(values[2 * film :], lambda n, own=own: source[2 * (own + n)], range(100, 1600)) == 0
    kept = {key.rpartition(".")[2] for key in store.keys("projects/p/chunks")}
    assert {"m4a", "flac"} <= kept


def test_another_quality_copies_nothing(make, spec, store):
    result = make(spec(TRIM, quality="draft"))["result"]
    assert "copied" not in result
    assert numbers(store, result) == list(range(13, 187))


def test_progress_counts_copied_frames_but_no_rate_is_learned_from_them(make, spec, store):
    result = make(spec(TRIM))["result"]
    told = json.loads(store.get(AttemptKeys(export="e", number=1).progress))
    [process] = [each for each in told["passed"] if each["stage"] == "process"]
    assert (process["done"], process["total"], process["kept"]) == (174, 174, result["copied"])


def test_of_sources_whose_parameters_have_the_same_number_the_one_with_more_to_copy_is_copied(make, spec, store):
    result = make(spec((1, 0, 4_000_000), TRIM))["result"]
    assert numbers(store, result) == [*range(100), *range(13, 187)]
    assert 150 <= result["copied"] <= 162


def test_the_same_again_makes_nothing_and_gives_the_same_film(make, spec):
    first, second = make(spec(TRIM), 1)["result"], make(spec(TRIM), 2)["result"]
    assert second["rendered"] == 0
    assert (second["sha256"], second["copied"]) == (first["sha256"], first["copied"])


def test_a_film_paused_among_copies_is_the_same_when_it_is_resumed(make, spec, store):
    def until_the_first_copy(context):
        take = store.take

        def counted(key, path, on_bytes=None):
            stored = take(key, path, on_bytes)
            if key.endswith(".mp4"):
                store.put(context.keys.control, pack({"stop": "pause"}))
            return stored

        object.__setattr__(context, "store", _With(store, take=counted))
        return multi_clip.work(context)

    assert make(spec(TRIM, (0, 1_000_000, 5_000_000)), 1, until_the_first_copy)["ending"] == "paused"
    resumed = make(spec(TRIM, (0, 1_000_000, 5_000_000)), 2)["result"]
    assert 0 < resumed["rendered"] < resumed["chunks"]
    for key in list(store.keys("projects/p/chunks")):
        store.delete(key)
    assert make(spec(TRIM, (0, 1_000_000, 5_000_000)), 3)["result"]["sha256"] == resumed["sha256"]


class _With:
    def __init__(self, inner, **changed):
        self.inner, self.changed = inner, changed

    def __getattr__(self, name):
        return self.changed.get(name) or getattr(self.inner, name)


@pytest.mark.parametrize("bad", [False, True])
def test_on_other_machines_the_film_is_the_same(spec, store, tmp_path, bad):
    def made(number, **away):
        keys = AttemptKeys(export="f", number=number)
        store.put(keys.spec, pack(spec(TRIM, *((ENDS_BADLY,) if bad else ()))))
        order = Order(keys=keys, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})
        outcome = attempt(order.as_wire(), call="c", folder=tmp_path / f"away-{number}", **away)
        assert outcome["ending"] == "ok", outcome
        return outcome["result"]

    machines = Machines(tmp_path / "machines")
    away = made(1, hand_out=machines, at_once=2)
    machines.pool.shutdown()
    assert machines.given[0]["batch"]["request"]["do"] == "survey"
    for key in list(store.keys("projects/p/chunks")):
        store.delete(key)
    here = made(2)
    assert (away["sha256"], away["copied"]) == (here["sha256"], here["copied"])


def test_under_a_title_frames_are_encoded_and_beside_it_they_are_copied(make, spec, store):
    box = {"what": "box", "from_us": 2_000_000, "to_us": 3_000_000, "place": "middle"}
    outcome = make(spec((0, 0, 8_000_000), items=[box]), work=overlay.work)
    result = outcome["result"]
    assert result["frames"] == 200
    assert 100 <= result["copied"] <= 150
    with av.open(str(store.in_place(result["key"]))) as film:
        frames = list(film.decode(video=0))
    assert [number_on(frame) for frame in frames[75:]] == list(range(75, 200))
    assert frames[60].pts * frames[60].time_base == Fraction(60, 25)


def test_what_was_to_be_copied_and_is_not_where_it_was_is_encoded_instead(make, spec, store):
    asked = spec(TRIM)
    assert make(asked, 1)["result"]["copied"] > 150
    [key] = [key for key in store.keys("projects/p/chunks") if key.endswith(".json")]
    told = json.loads(store.get(key))
    first, frames = told["found"]["pieces"][0]
    told["found"]["pieces"] = [[first, 50], [first + 51, frames - 51]]
    store.put(key, pack(told))
    for number in (2, 3):
        result = make(asked, number)["result"]
        assert numbers(store, result) == list(range(13, 187))
        assert result["copied"] == 50
    assert result["rendered"] == 0
    so_far = SoFar.from_wire(json.loads(store.get(AttemptKeys(export="e", number=3).so_far)))
    assert so_far.copied == 50


ENDS_BADLY = (2, 520_000, 7_480_000)  # damage that the first pictures of the last group do not show


def test_a_film_whose_copies_cannot_be_played_to_their_end_is_encoded(make, spec, store):
    first, second = (make(spec(ENDS_BADLY), number) for number in (1, 2))
    assert (first["ending"], first["result"]["copied"]) == ("ok", 0)
    so_far = SoFar.from_wire(json.loads(store.get(AttemptKeys(export="e", number=1).so_far)))
    assert (so_far.copied, [piece.finished for piece in so_far.pieces]) == (0, [True])
    assert second["result"]["sha256"] == first["result"]["sha256"]


def test_of_a_film_with_a_bad_copy_only_that_is_encoded(make, spec, store):
    alone = make(spec((0, 1_000_000, 5_000_000), TRIM), 1)["result"]
    outcome = make(spec((0, 1_000_000, 5_000_000), ENDS_BADLY, TRIM), 2)
    assert (outcome["ending"], outcome["result"]["copied"]) == ("ok", alone["copied"])
    with av.open(str(store.in_place(outcome["result"]["key"]))) as film:
        frames = list(film.decode(video=0))
    assert len(frames) == 100 + 174 + 174
    assert [number_on(frame) for frame in frames[:250]] == [*range(25, 125), *range(13, 163)]
    assert [number_on(frame) for frame in frames[-174:]] == list(range(13, 187))


def test_what_is_encoded_after_the_film_was_looked_at_is_counted_where_frames_are(make, spec, store):
    make(spec((0, 1_000_000, 5_000_000), ENDS_BADLY))
    told = json.loads(store.get(AttemptKeys(export="e", number=1).progress))
    passed = [(each["stage"], each["done"] == each["total"]) for each in told["passed"]][2:]
    assert passed == [("process", True), ("publish", False), ("process", True)]
    assert 0 < told["passed"][-1]["kept"] < told["passed"][-1]["total"]
    assert told["stage"] == "publish"


@pytest.mark.parametrize(("wish", "code"), [("pause", ""), ("cancel", "cancelled")])
def test_who_stops_it_while_what_is_bad_is_encoded_is_heard_and_the_rest_is_made_later(make, spec, store, wish, code):
    asked = spec((0, 1_000_000, 5_000_000), ENDS_BADLY)

    def until_it_is_encoded(context):
        entered = []

        def stage(key, **told):
            entered.append(key)
            if entered.count("process") == 2:
                store.put(context.keys.control, pack({"stop": wish}))
            return report.stage(key, **told)

        report = context.report
        object.__setattr__(context, "report", _With(report, stage=stage))
        return multi_clip.work(context)

    stopped = make(asked, 1, until_it_is_encoded)
    assert (stopped["ending"], stopped["code"]) == ("paused", code)
    assert json.loads(store.get(AttemptKeys(export="e", number=1).progress))["stage"] == "process"
    resumed, again = (make(asked, number)["result"] for number in (2, 3))
    assert (resumed["frames"], again["copied"]) == (274, resumed["copied"])
    assert resumed["copied"] > 0
    assert (resumed["sha256"], again["rendered"]) == (again["sha256"], 0)


def test_a_film_of_which_more_is_bad_than_is_looked_at_again_is_encoded(make, spec, store, monkeypatch):
    monkeypatch.setattr(instead, "MOST_LOOKS", 1)
    outcome = make(spec((0, 1_000_000, 5_000_000), ENDS_BADLY))
    assert (outcome["ending"], outcome["result"]["copied"]) == ("ok", 0)


def test_where_what_was_kept_of_the_sound_does_not_fit_together_only_the_sound_is_encoded(make, spec, store, reels):
    asked = spec(TRIM, (0, 1_000_000, 3_000_000))
    copied = make(asked, 1)["result"]["copied"]
    short, long = passages(store)
    store.put(long, store.get(short))
    outcome = make(asked, 2)
    assert (outcome["ending"], outcome["result"]["copied"]) == ("ok", copied)
    assert numbers(store, outcome["result"]) == [*range(13, 187), *range(25, 75)]
    sounds_like(reels[0], store.in_place(outcome["result"]["key"]))


def sounds_like(reel, film):
    """One that begins with TRIM."""
    values, _ = samples_of(film)
    source, _ = samples_of(reel.path)
    assert lag_of(values[2 * 20_000 :], lambda n: source[2 * (24_960 + 20_000 + n)], range(100, 1600)) == 0


def passages(store):
    return sorted((key for key in store.keys("projects/p/chunks") if key.endswith(".m4a")), key=store.size)


def test_where_nobody_can_say_what_could_be_copied_all_is_encoded(spec, store, tmp_path):
    class Blind(Machines):
        def __call__(self, wire):
            if wire["batch"]["request"]["do"] == "survey":
                return Answered({"error": {"code": "input_unreadable", "sentence": "It made its decoder crash."}})
            return super().__call__(wire)

    keys = AttemptKeys(export="f", number=1)
    store.put(keys.spec, pack(spec(TRIM)))
    order = Order(keys=keys, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})
    machines = Blind(tmp_path / "machines")
    outcome = attempt(order.as_wire(), call="c", folder=tmp_path / "away", hand_out=machines, at_once=2)
    machines.pool.shutdown()
    assert (outcome["ending"], outcome["result"]["copied"]) == ("ok", 0)
    assert numbers(store, outcome["result"]) == list(range(13, 187))


@pytest.fixture
def away(spec, store, tmp_path, monkeypatch):
    """A film made on machines of which some are lost, whenever they are given what `ends_it` says."""

    def made(ends_it, how=Lost, says=None):
        def work(wire, *, folder):
            if ends_it(wire["batch"]["request"]):
                if says:
                    return {"error": {"code": "result_invalid", "sentence": says}}
                raise how("ended")
            return make_batch(wire, folder=folder)

        keys = AttemptKeys(export="f", number=1)
        store.put(keys.spec, pack(spec(TRIM)))
        order = Order(keys=keys, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})
        machines = Machines(tmp_path / "machines", work)
        outcome = attempt(order.as_wire(), call="c", folder=tmp_path / "away", hand_out=machines, at_once=4)
        machines.pool.shutdown()
        return outcome

    monkeypatch.setattr(Fan, "_wait", lambda *asked: None)
    return made


def copies(request):
    return any(chunk["how"] == "copy" for chunk in request.get("chunks", ()))


@pytest.mark.parametrize("ends_it", [copies, lambda request: request["do"] == "survey"])
def test_what_ends_every_machine_that_would_copy_it_is_encoded(away, store, ends_it):
    outcome = away(ends_it)
    assert (outcome["ending"], outcome["result"]["copied"]) == ("ok", 0), outcome
    assert numbers(store, outcome["result"]) == list(range(13, 187))


def test_where_no_machine_takes_what_is_to_be_copied_it_is_not_encoded_for_that(away):
    outcome = away(copies, NotTaken)
    assert (outcome["ending"], outcome["code"]) == ("error", "internal")
    assert outcome["sentence"].startswith("No machine could be had for clip 1 (")


@pytest.mark.parametrize("what", [copies, lambda request: request["do"] in ("passages", "survey")])
@pytest.mark.parametrize("says", [NO_ROOM_LEFT, TOLD_TO_STOP])
def test_what_is_no_fault_of_a_copy_is_said_and_nothing_is_encoded_for_that(away, store, what, says):
    outcome = away(what, says=says)
    assert (outcome["ending"], outcome["sentence"]) == ("error", says)


def test_sound_that_ends_every_machine_that_would_copy_it_is_encoded(away, store, reels):
    outcome = away(lambda request: request["do"] == "passages")
    assert outcome["ending"] == "ok", outcome
    assert outcome["result"]["copied"] > 150
    assert numbers(store, outcome["result"]) == list(range(13, 187))
    sounds_like(reels[0], store.in_place(outcome["result"]["key"]))


def test_what_ends_whoever_encodes_it_too_ends_with_a_sentence(away):
    outcome = away(lambda request: True)
    assert (outcome["ending"], outcome["code"]) == ("error", "internal")
    assert outcome["sentence"].startswith("Machines that worked on clip 1 (clip-0.mp4) ended 3 times")


class Answered:
    def __init__(self, told):
        self.told = told

    def answer(self, seconds):
        return self.told

    def cancel(self):
        pass
