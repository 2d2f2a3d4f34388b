import dataclasses

import pytest

from progress import pipelines
from progress.errors import Refused
from progress.pipelines import Pipeline, Stage
from tests.pipelines import CLIP_IT, FILM


def stage(**changes):
    return Stage(
        **({"key": "process", "label": "Rendering", "start": 0, "end": 100, "unit": "frames", "seconds": 60} | changes)
    )


def pipeline(*stages, **changes):
    return Pipeline(**({"name": "cut", "version": 1, "title": "Cutting...", "stages": stages} | changes))


def test_a_pipeline_is_found_by_its_name_and_version():
    assert pipelines.get("film@1") is FILM
    assert FILM.key == "film@1"
    assert FILM.index("process") == 3


def test_it_cannot_be_changed_once_declared():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FILM.version = 2


def test_the_marks_are_the_starts_of_the_stages_and_the_endings():
    """S1-24, with S1-24f's zeros."""
    assert CLIP_IT.marks() == {
        "queued": 0,
        "downloading": 5,
        "downloaded": 15,
        "uploading": 18,
        "processing_started": 20,
        "transcribing": 25,
        "analyzing": 50,
        "processing": 70,
        "uploading_clips": 90,
        "completed": 100,
        "failed": 0,
        "error": 0,
        "cancelled": 0,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": "Process"}, "expected lower case letters, digits and _, got 'Process'"),
        ({"key": 7}, "got 7"),
        ({"key": "failed"}, "'failed' is the name of an ending"),
        ({"label": ""}, "expected a label"),
        ({"start": -1}, "expected start to be a whole percent from 0 to 100, got -1"),
        ({"end": 101}, "expected end to be a whole percent from 0 to 100, got 101"),
        ({"end": 50.0}, "got 50.0"),
        ({"end": True}, "got True"),
        ({"start": 60, "end": 60}, "expected its band to grow, got 60 to 60"),
        ({"seconds": 0}, "expected its usual seconds to be over 0, got 0"),
        ({"seconds": float("nan")}, "got nan"),
        ({"seconds": "60"}, "got '60'"),
        ({"unit": None}, "has no unit; expected a sentence"),
        ({"unit": ""}, "expected a unit such as 'frames'"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(Refused, match=r"(?i)stage") as refusal:
        stage(**changes)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (pipeline, "expected at least one Stage"),
        (lambda: pipeline("process"), "expected at least one Stage"),
        (lambda: pipeline(stage(), name="Cut it"), "got 'Cut it'"),
        (lambda: pipeline(stage(), version=0), "expected a version from 1, got 0"),
        (lambda: pipeline(stage(), version="1"), "got '1'"),
        (lambda: pipeline(stage(), title=""), "expected a title"),
        (lambda: pipeline(stage(), bands="guessed"), "expected bands 'declared' or 'learned', got 'guessed'"),
        (lambda: pipeline(stage(start=5)), "expected bands from 0 to 100, got 5 to 100"),
        (lambda: pipeline(stage(end=95)), "expected bands from 0 to 100, got 0 to 95"),
        (lambda: pipeline(stage(end=40), stage(start=40)), "expected every stage once, got 'process' twice"),
        (lambda: pipeline(stage(end=40), stage(key="join", start=50)), "expected 'join' to start at 40"),
        (lambda: pipeline(stage(end=60), stage(key="join", start=50)), "expected 'join' to start at 60"),
    ],
)
def test_a_pipeline_that_makes_no_sense_is_refused(made, said):
    with pytest.raises(Refused) as refusal:
        made()
    assert said in str(refusal.value)


def test_an_unknown_name_is_refused_with_what_is_known():
    with pytest.raises(
        Refused, match=r"'flim@1' is not a pipeline; expected one of .*film@1.* Did you mean 'film@1'\?"
    ):
        pipelines.get("flim@1")
    with pytest.raises(Refused, match=r"'proces' is not a stage of film@1; .*Did you mean 'process'\?"):
        FILM.index("proces")
    assert pipelines.find("flim@1") is None


def test_a_name_is_given_once():
    assert pipelines.register(FILM) is FILM
    with pytest.raises(Refused, match=r"'film@1' is registered already with other stages"):
        pipelines.register(pipeline(stage(), name="film"))
    assert pipelines.get("film@1") is FILM
