"""A hundred and twenty damaged files, always the same, and proof that whatever must not happen would be seen."""

import os
import random
import signal
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import pytest

from modal_functions.media import child
from modal_functions.media.errors import MediaError
from tests.fuzz import damage, feeding, footage
from tests.fuzz.feeding import fed
from tests.fuzz.forking import Forked
from tests.fuzz.running import feed, made

SEED, PARTS, FILES = 20, 2, 60


@pytest.fixture(scope="module")
def originals():
    return footage.made()


def test_making_them_leaves_this_process_no_more_urgent_than_it_was(originals):
    assert set(originals) == set(footage.SORTS)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.fixture
def room(tmp_path):
    path, folder = tmp_path / "original", tmp_path / "work"
    folder.mkdir()
    return path, folder


@pytest.mark.parametrize("part", range(PARTS))
def test_no_damaged_file_brings_about_more_than_a_sentence(part, originals, tmp_path):
    numbers = range(part * FILES, (part + 1) * FILES)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:  # forks of a process with threads may hang
        tally = alone.submit(feed, SEED, numbers, originals, tmp_path / "kept").result()
    assert tally.wrong == []
    assert tally.files == FILES
    assert all(tally.endings[f"{verb} ok"] > FILES // 10 for verb in ("probe", "render", "sound")), tally.endings
    assert tally.endings["probe input_unreadable"] > FILES // 10, tally.endings


def test_every_whole_file_with_a_picture_can_be_used(originals, room):
    path, folder = room
    for name in ("plain.mp4", "edit.mov", "new.webm", "air.ts", "old.avi"):
        path.write_bytes(originals[name])
        assert [(each.code, each.wrong) for each in fed(path, folder, Fraction(0))] == [("ok", "")] * 6, name
    path.write_bytes(originals["talk.m4a"])
    assert [each.code for each in fed(path, folder, Fraction(0))] == [*["unsupported"] * 5, "ok"]


def test_executed_children_say_the_same_as_forked_ones(originals, room):
    path, folder = room
    for number in (3, 4):
        path.write_bytes(made(SEED, number, originals)[1])
        forked, executed = fed(path, folder, Fraction(0)), fed(path, folder, Fraction(0), child.executed)
        assert [(each.verb, each.code) for each in forked] == [(each.verb, each.code) for each in executed]


def test_a_seed_and_a_number_are_a_file(originals):
    one, again, another = (made(SEED, number, originals) for number in (7, 7, 8))
    assert one == again != another


def test_so_many_files_have_had_every_kind_of_damage(originals):
    told = " ".join(made(SEED, number, originals)[0] for number in range(PARTS * FILES))
    assert [act.__name__ for act in damage.DAMAGES if act.__name__ not in told] == []


@pytest.mark.parametrize("act", damage.DAMAGES, ids=lambda act: act.__name__)
def test_each_kind_changes_a_file_and_survives_an_empty_one(act, originals):
    whole, other = originals["plain.mp4"], originals["web.webm"]
    assert any(act(random.Random(number), whole, other) != whole for number in range(5))
    for scrap in (b"", b"\x00", b"\x1aE\xdf\xa3", b"\x00\x00\x00\x20ftyp"):
        act(random.Random(1), scrap, scrap)


def test_the_boxes_of_a_file_are_found_down_to_the_smallest(originals):
    assert {b"moov", b"trak", b"tkhd", b"stsd", b"avc1", b"stts"} <= {
        box.name for box in damage.boxes(originals["plain.mp4"])
    }
    found = {box.name.hex() for box in damage.boxes(originals["film.mkv"])}
    assert {"1654ae6b", "ae", "e0", "b0", "4489"} <= found, (
        "tracks, one, its picture, its width, the length of the film"
    )


# What would be seen


def judged(room, act, **more):
    path, folder = room
    path.write_bytes(b"whatever")

    def perform(request, say):
        return act(request, folder)

    return fed(path, folder, Fraction(0), lambda command, letter: Forked(letter, perform, **more))[0]


def refusing(code, sentence):
    def act(request, folder):
        raise MediaError(code, sentence.format(path=request["path"]))

    return act


def test_a_sentence_is_fine(room):
    verdict = judged(room, refusing("unsupported", "This is a text file, not a video."))
    assert (verdict.code, verdict.wrong, verdict.died) == ("unsupported", "", 0)


@pytest.mark.parametrize(
    "sentence",
    ["{path} is damaged.", "Traceback (most recent call last).", "No full stop", "[Errno 5] It is broken.", "Of None."],
)
def test_what_is_no_sentence_for_people_is_seen(sentence, room):
    assert "no sentence" in judged(room, refusing("input_unreadable", sentence)).wrong


def test_an_error_that_nobody_foresaw_is_seen_with_where_it_came_from(room):
    verdict = judged(room, lambda request, folder: 1 // 0)
    assert "ZeroDivisionError" in verdict.wrong
    assert verdict.code == "result_invalid"


def test_a_crash_is_a_sentence_and_is_counted(room):
    verdict = judged(room, lambda request, folder: os.kill(os.getpid(), signal.SIGSEGV))
    assert (verdict.code, verdict.wrong, verdict.died) == ("input_unreadable", "", signal.SIGSEGV)


def test_what_is_left_in_the_folder_is_seen(room):
    def leaves(request, folder):
        Path(folder, "scrap").touch()
        raise MediaError("unsupported", "No.")

    assert "left in the folder: {'scrap'}" in judged(room, leaves).wrong


def test_a_process_that_is_left_is_seen(room):
    def leaves(request, folder):
        if os.fork() == 0:
            os.closerange(0, 256)  # who keeps our ends open keeps us waiting
            signal.pause()
        raise MediaError("unsupported", "No.")

    verdict = judged(room, leaves, confine=lambda request: None)
    assert verdict.wrong == "a process is left"


def test_a_child_that_is_confined_leaves_no_process(room):
    def leaves(request, folder):
        with pytest.raises(PermissionError):
            os.fork()
        raise MediaError("unsupported", "No.")

    assert judged(room, leaves).wrong == ""


def test_an_answer_that_cannot_be_is_seen(room):
    answer = {"width": 0, "height": 0, "duration_us": -1, "fps": [0, 0], "channels": 0}
    assert "an answer that cannot be" in judged(room, lambda request, folder: answer).wrong


def test_memory_beyond_the_limit_is_told_in_a_sentence(room):
    verdict = judged(room, lambda request, folder: bytearray(2 * feeding.MEMORY))
    assert (verdict.code, verdict.wrong) == ("out_of_memory", "")
    assert verdict.peak < feeding.MEMORY


def test_what_is_worth_a_look_is_kept_with_what_was_done_to_it_and_nothing_else(originals, tmp_path):
    def crash(request, say):
        os.abort()

    few, kept = {"deep.mp4": originals["deep.mp4"]}, tmp_path / "kept"
    feed(SEED, range(1), few, kept)
    assert not kept.exists()
    tally = feed(SEED, range(1), few, kept, lambda command, letter: Forked(letter, crash))
    assert (tally.wrong, tally.died.total()) == ([], 6)
    told, whole, _ = made(SEED, 0, few)
    assert (kept / f"{SEED}-0").read_bytes() == whole
    assert (kept / f"{SEED}-0.txt").read_text().startswith(told)
