"""Damaged scans, always the same: to the look at an upload and to all that makes meshes, nothing but sentences."""

from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import pytest

from modal_functions.media import child
from tests.fuzz import scanning
from tests.fuzz.feeding import forked

SEED, FILES = 4, 20


@pytest.fixture(scope="module")
def originals():
    return scanning.originals()


def test_no_damaged_scan_brings_about_more_than_a_sentence(originals, tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:  # forks of a process with threads may hang
        tally = alone.submit(scanning.feed, SEED, range(FILES), originals, tmp_path / "kept").result()
    assert tally.wrong == []
    assert not tally.died
    assert tally.files == FILES
    for ending in ("look ok", "look unsupported", "look input_unreadable", "prepare ok", "finish ok"):
        assert tally.endings[f"mri_mesh.{ending}"] >= FILES // 20, tally.endings


@pytest.mark.parametrize("name", ["plain.nii", "packed.nii.gz", "real.nii", "series.zip"])
def test_every_whole_volume_becomes_meshes(originals, tmp_path, name):
    path, folder = tmp_path / "original", tmp_path / "work"
    folder.mkdir()
    path.write_bytes(originals[name])
    verdicts = scanning.fed(path, folder, Fraction(0), forked if name != "real.nii" else child.executed)
    told = [(each.verb, each.code, each.wrong) for each in verdicts]
    again = name != "series.zip"  # an archive itself is not what is kept of one
    assert [each for each in told if each[1:] != ("ok", "")] == ([] if again else [told[-1]])
    assert [verb for verb, *_ in told].count("mri_mesh.finish") == (4 if again else 2)
    assert list(folder.iterdir()) == []


def test_a_seed_and_a_number_are_a_scan(originals):
    one, again, another = (scanning.made(SEED, number, originals) for number in (7, 7, 8))
    assert one == again != another


def test_a_name_that_is_kept_would_be_seen(originals, tmp_path):
    clean = tmp_path / "clean"
    clean.write_bytes(originals["plain.nii"])
    answer = {"facts": {"shape": [14, 13, 12], "spacing": [1, 1, 1]}, "jpeg": "/9j/"}
    assert "cannot be" in scanning._wrong("mri_mesh.look", answer, made={clean})
    clean.write_bytes(b"numbers alone")
    assert scanning._wrong("mri_mesh.look", answer, made={clean}) == ""
