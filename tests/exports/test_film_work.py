import pytest

from exports.kinds import Around
from exports.kinds.film_work import FilmWork
from exports.kinds.multi_clip import MultiClip
from exports.models import Source

OUTPUT = {"width": 1280, "height": 720, "fps": [30, 1], "quality": "standard"}


def source(**more):
    known = {"project_id": "5e" * 16, "name": "beach.mov", "bytes": 84_000_000, "state": "ready"}
    return Source(**(known | {"facts": {"seconds": 60.0}} | more))


def parts(sources, clips, *, at_once=4, runner="local-4", **output):
    around = Around(
        account="7", project="5e", machine=runner, at_once=at_once, idle=12.0 if runner == "modal" else None
    )
    spec = {"output": OUTPUT | output, "clips": clips}
    return {part.stage: part for part in MultiClip().parts(spec, sources, around)}


def clip(of, start=0, end=None):
    return {"source": str(of.pk), "in_us": start * 1_000_000, "out_us": end and end * 1_000_000}


def test_work_is_what_each_stage_has_to_do():
    beach = source()
    work = {stage: part.work for stage, part in parts([beach], [clip(beach)], at_once=1).items()}
    assert work["upload"] == 0  # it is all here
    assert work["fetch"] == 84
    assert work["process"] == pytest.approx(60 * 30 * 1280 * 720 / 1e6)
    assert work["start"] == work["finalize"] == 1


def test_chunks_that_are_rendered_side_by_side_are_not_waited_for_one_after_the_other():
    beach = source()
    alone = parts([beach], [clip(beach)], at_once=1)["process"].work
    assert parts([beach], [clip(beach)], at_once=4)["process"].work == pytest.approx(alone * 8 / 30)  # of 30 chunks
    assert parts([beach], [clip(beach)], at_once=99)["process"].work == pytest.approx(alone / 30)


def test_only_what_is_missing_has_to_be_uploaded():
    here, coming = source(), source(bytes=16_000_000, stored_bytes=4_000_000, state="uploading", facts={})
    assert parts([here, coming], [clip(here), clip(coming)])["upload"].work == 100
    assert FilmWork.of({"output": OUTPUT, "clips": [clip(coming)]}, [coming]).missing_bytes == 12_000_000


def test_a_clip_that_nobody_has_looked_at_is_taken_to_be_as_long_as_its_file_is_large():
    unknown = source(facts={}, bytes=20_000_000)
    assert FilmWork.of({"output": OUTPUT, "clips": [clip(unknown)]}, [unknown]).frames == 600
    assert FilmWork.of({"output": OUTPUT, "clips": [clip(unknown, 1, 3)]}, [unknown]).frames == 60


def test_it_says_what_it_has_in_common_with_others():
    beach = source()
    known = parts([beach], [clip(beach)], runner="modal")
    assert known["upload"].levels == ("kind=multi_clip", "network=7")
    assert known["process"].levels == (
        "kind=multi_clip", "machine=modal", "project=5e", "settings=standard", "settings at size=standard 1280x720",
    )  # fmt: skip
    assert (known["start"].idle, known["process"].idle) == (12.0, None)
    assert parts([beach], [clip(beach)])["start"].idle is None  # a machine of one's own is always warm


def test_a_film_of_many_chunks_is_large():
    beach = source()
    assert MultiClip().is_large({"output": OUTPUT, "clips": [clip(beach, 0, 40)]}, [beach])
    assert not MultiClip().is_large({"output": OUTPUT, "clips": [clip(beach, 0, 37)]}, [beach])
