"""The bench of films: its cuts are fair, its ratios are of one round, and what is left behind is counted too."""

import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from modal_functions.folder import FolderStore
from modal_functions.media.chunks import plan
from modal_functions.media.spec import Film as Asked
from modal_functions.media.timeline import lay_out
from modal_functions.store import Stored
from tests.bench.__main__ import placed
from tests.bench.processes import ROOT, BenchError
from tests.bench.render import copying
from tests.bench.render.cost import Cost, measured
from tests.bench.render.films import Film, Told, film_of, looked_at, outcome_of, told_by
from tests.bench.render.footage import KEYFRAMES, RATE, SIZES, US, Cut, cut_list, moved, seconds_needed
from tests.bench.render.outcome import AFTER, BEFORE, goals, progress_figures, stage_figures, way_figures
from tests.bench.render.reporting import Apart
from tests.bench.render.rounds import CHANGED, CLIPS, FFMPEG, MORE_CLIPS, OURS, TEN, WAYS, Made, cuts_of, in_turn
from tests.bench.render.tables import tables
from tests.bench.render.ways import as_attempt, graph, handed_on, silenced, spec, with_ffmpeg
from tests.modal_functions.media.reels import shoot

SOURCES = [
    Stored(key=f"projects/bench/sources/{number}/original", bytes=9, sha256=f"{number}" * 64)
    for number in range(len(SIZES))
]
TOLD = {
    "stage": "publish",
    "began": "2026-11-20T12:00:08+00:00",
    "at": "2026-11-20T12:00:09.500000+00:00",
    "done": 30,
    "total": 30,
    "seq": 700,
    "passed": [{"stage": "process", "began": "2026-11-20T12:00:00+00:00", "ended": "2026-11-20T12:00:08+00:00"}],
}
LAST = 1795176009.5  # the same moment as `at`


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 12])
def test_no_cut_begins_at_a_keyframe_or_takes_a_picture_twice_and_all_are_whole_frames(length):
    cuts = cut_list(MORE_CLIPS, length)
    assert {cut.source for cut in cuts[:CLIPS]} == set(range(len(SIZES)))
    for cut in cuts:
        frame, rest = divmod(cut.in_us * RATE, US)
        assert rest == 0
        assert frame % KEYFRAMES >= 5
        assert (cut.frames, cut.seconds) == (length * RATE, length)
    for source in range(len(SIZES)):
        mine = [cut for cut in cuts if cut.source == source]
        assert all(moved(before).out_us <= after.in_us for before, after in pairwise(mine))
        assert moved(mine[-1]).out_us <= seconds_needed(cuts, source) * US


def test_ffmpeg_seeks_in_each_input_and_needs_one_graph(tmp_path):
    cuts = cut_list(3, 2)
    command = with_ffmpeg(
        cuts, [tmp_path / str(number) for number in range(4)], tmp_path / "film.mp4", "ffmpeg"
    ).command
    seeks = [command[at - 4 : at + 1 : 2] for at, word in enumerate(command) if word == "-i"]
    assert seeks == [["-ss", "-t", "-i"]] * 3
    assert command[command.index("-ss") + 1] == "0.280000"
    assert command.count("-filter_complex") == 1
    assert graph(2).endswith("[v0][a0][v1][a1]concat=n=2:v=1:a=1[v][a]")


def test_each_way_has_one_turn_a_round_and_the_change_follows_what_it_changes():
    for number in range(1, 8):
        turn = in_turn(number)
        assert sorted(turn) == sorted(WAYS)
        assert turn.index(CHANGED) == turn.index(TEN) + 1
    assert len({in_turn(number)[0] for number in range(1, 6)}) == 5


def test_one_clip_of_ten_is_changed_and_only_its_chunks_are_new():
    cuts = cut_list(MORE_CLIPS, 3)

    def keys(way):
        film = Asked.from_wire(spec(cuts_of(way, cuts), SOURCES, "projects/p/chunks")["film"])
        return [{chunk.key for chunk in plan(lay_out(film), film.output) if chunk.clip == clip} for clip in range(10)]

    differing = [clip for clip, (old, new) in enumerate(zip(keys(TEN), keys(CHANGED), strict=True)) if old != new]
    assert len(differing) == 1
    assert not keys(TEN)[differing[0]] & keys(CHANGED)[differing[0]]
    assert len(cuts_of(OURS, cuts)) == CLIPS


@pytest.fixture
def run(tmp_path):
    def measure(code):
        return measured([sys.executable, "-c", code], handed_on(), tmp_path / "log", b"letter")

    return measure


BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_work_of_a_child_counts_even_where_its_parent_was_gone_before_it(run, tmp_path):
    waited = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    assert run(waited).cpu >= 0.3
    done = tmp_path / "done"
    orphan = f"{BUSY}\nopen({str(done)!r}, 'w')"
    parent = f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {orphan!r}]); os._exit(0)"
    command = f"""
import os, subprocess, sys, time
subprocess.run([sys.executable, '-c', {parent!r}])
while not os.path.exists({str(done)!r}): time.sleep(0.01)
"""
    assert run(command).cpu >= 0.3


def test_a_command_reads_its_letter_and_its_failure_is_told(run):
    with pytest.raises(BenchError, match=r"(?s)ended with 1.*'letter'"):
        run("import sys; sys.exit(repr(sys.stdin.read()))")


def test_memory_is_that_of_all_processes_together(run):
    hold = "import time; held = bytearray(50_000_000); time.sleep(3)"
    both = f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {hold!r}])\n{hold}\nchild.wait()"
    assert run(both).peak > 100_000_000


def made(way, number, wall, cpu, **more):
    cost = Cost(wall=wall, cpu=cpu, peak=500_000_000, others=0.5, ended=LAST + 0.1)
    film = Film(frames=600, seconds=24.0, sound=24.0, bytes=5_000_000)
    told = Told.from_wire(TOLD) if way == OURS else None
    return Made(**{"way": way, "round": number, "cost": cost, "film": film, "planned": 600, "told": told} | more)


ROUNDS = [
    *(made(FFMPEG, 1, 10, 16), made(OURS, 1, 11, 17), made("Longhaul, no progress written", 1, 10, 17)),
    *(made(FFMPEG, 2, 20, 18), made(OURS, 2, 21, 18), made("Longhaul, no progress written", 2, 20, 18)),
    *(made(FFMPEG, 3, 30, 16), made(OURS, 3, 45, 16), made("Longhaul, no progress written", 3, 40, 16)),
    *(made("MoviePy", 1, 20, 30), made(TEN, 1, 13, 20), made(CHANGED, 1, 3.9, 4, rendered=2, chunks=20)),
]


@pytest.fixture
def kept():
    apart = [Apart(unit=40e-6, write=0.002, write_wall=0.005)]
    return {
        "films": way_figures(ROUNDS, cores=2),
        "stages": stage_figures(ROUNDS),
        "progress": progress_figures(ROUNDS, apart),
        "length": 3,
        "rounds": 3,
        "when": "2026-11-20T12:00:00+00:00",
        "load_average": {"start": [1.5, 1, 1], "end": [2.5, 1, 1]},
        "machine": {"cores": 2, "cpu": "a core", "memory_gib": 8, "system": "Linux", "python": "CPython"}
        | {"packages": {"av": "18.1"}, "programs": {"ffmpeg": "ffmpeg version 9"}},
    }


def test_ratios_are_taken_within_each_round(kept):
    ours = next(each for each in kept["films"] if each["way"] == OURS)
    assert ours["against"]["wall"] == {"median": 1.1, "low": 1.05, "high": 1.5}
    assert ours["ceiling"]["high"] == pytest.approx(16 / 2 / 11)  # ffmpeg's work on two cores, over our wall
    assert ours["against"]["silent"]["wall"]["median"] == 1.1
    changed = next(each for each in kept["films"] if each["way"] == CHANGED)
    assert changed["against"]["wall"]["median"] == pytest.approx(0.3)


def test_the_parts_of_an_export_are_all_of_its_wall(kept):
    told = Told.from_wire(TOLD)
    assert (told.stages, told.last) == ({"process": 8.0, "publish": 1.5}, LAST)
    only = stage_figures([made(OURS, 1, 10, 17)])
    assert list(only) == [BEFORE, "process", "publish", AFTER]
    assert sum(share["median"] for share in only.values()) == pytest.approx(1)
    assert only[AFTER]["median"] == pytest.approx(0.01)


def test_a_last_report_that_does_not_tell_of_all_is_refused():
    with pytest.raises(BenchError, match="29 of 30"):
        Told.from_wire(TOLD | {"done": 29})


def test_a_goal_is_held_or_missed_by_how_much(kept):
    found = {each["goal"]: each for each in goals(kept)}
    assert not found["wall × ffmpeg"]["held"]
    assert found["wall × ffmpeg"]["missed"] == pytest.approx(0.07 / 1.03)
    assert found["peak memory, MB"]["held"]
    assert found["CPU for progress, reckoned"]["seen"]["median"] == pytest.approx((700 * 40e-6 + 22 * 0.002) / 18)


def test_the_tables_say_what_was_missed_and_whose_film_is_of_another_length(kept):
    said = tables(kept)
    assert "missed by 7%" in said
    assert "planned were" not in said
    longer = replace(ROUNDS[0], film=Film(frames=602, seconds=24.08, sound=24.0, bytes=5_000_000))
    said = tables(kept | {"films": way_figures([longer, *ROUNDS[1:]], cores=2)})
    assert "600 or 602 (24.000, 24.000, planned were 600)" in said


def test_the_document_has_a_place_for_each_part_and_only_that_is_changed():
    text = (ROOT / "docs" / "BENCHMARKS.md").read_text()
    changed = placed(text, "render", "| new |")
    assert "\n| new |\n" in changed
    assert placed(changed, "polls", "| polls |").count("| new |") == 1
    before, after = (each.partition("<!-- render -->")[0] for each in (text, changed))
    assert before == after
    with pytest.raises(BenchError, match="no place for songs"):
        placed(text, "songs", "")


def test_an_attempt_makes_the_film_and_a_silent_one_the_same(tmp_path):
    store, reel = FolderStore(tmp_path / "store"), shoot(tmp_path / "reel.mp4", sound="aac")
    sources = [store.put_file("projects/bench/sources/0/original", reel.path)]
    cuts = [Cut(source=0, in_us=280_000, out_us=680_000)]
    order = as_attempt(cuts, sources, store, tmp_path / "loud", "loud")
    silent = silenced(as_attempt(cuts, sources, store, tmp_path / "silent", "silent"))
    for each in (order, silent):
        measured(each.command, each.environment, tmp_path / "log", each.letter)
    film = looked_at(film_of(store, order.keys))
    assert (film.frames, film.seconds) == (10, 0.4)
    assert film.sound == pytest.approx(0.4, abs=0.03)
    assert told_by(store, order.keys).tells > 10
    assert told_by(store, silent.keys) is None
    assert outcome_of(store, silent.keys)["sha256"] == outcome_of(store, order.keys)["sha256"]


def test_no_long_clip_begins_at_a_keyframe_and_each_lies_in_the_source():
    for cut, after in pairwise(copying.clips_of(30)):
        assert cut.in_us * RATE // US % KEYFRAMES >= 5
        assert cut.out_us < after.in_us
        assert cut.frames == 30 * RATE
    assert copying.clips_of(30)[-1].out_us < copying.CLIPS * 32 * US


def test_the_clips_of_a_montage_are_short_apart_and_begin_anywhere_between_keyframes():
    cuts = copying.montage_of(20)
    assert len(cuts) == 2 * copying.CLIPS
    assert {cut.frames for cut in cuts} == {10 * RATE}
    for cut, before in pairwise(cuts):
        assert before.out_us <= cut.in_us
    assert cuts[0].out_us < copying.CLIPS * 22 * US
    assert len({cut.in_us * RATE // US % KEYFRAMES for cut in cuts}) > 10


def test_what_takes_a_twentieth_of_encoding_holds_its_goal_and_what_takes_a_tenth_misses_it():
    def cost(wall):
        return Cost(wall=wall, cpu=2 * wall, peak=10, others=0.0, ended=0.0)

    def costs(encoded, cut, ours):
        ways = zip((copying.ENCODED, copying.CUT_AT_KEYFRAMES, copying.OURS), (encoded, cut, ours), strict=True)
        return [{"way": way, "round": 1, "cost": cost(wall)} for way, wall in ways]

    def goals_of(made, film=copying.LONG):
        return [copying.goal(copying.figures(way, made), film) for way in copying.WAYS]

    assert goals_of(costs(20, 0.3, 1)) == ["at least 20 times: held", "at most 4 times: held", ""]
    assert goals_of(costs(10, 0.2, 1)) == ["at least 20 times: missed", "at most 4 times: missed", ""]
    assert goals_of(costs(10, 0.3, 1), copying.MONTAGE) == ["at least 8 times: held", "at most 4 times: held", ""]
    assert copying.together([cost(1), cost(3)]).cpu == 8
