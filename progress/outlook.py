"""What an outlook holds, as plain JSON: what is known of a job beforehand, and what was seen of it, thinned."""

from collections.abc import Sequence
from typing import Any

from progress import pipelines
from progress.errors import Refused
from progress.estimate.shapes import Features, Observation, Part
from progress.pipelines import Pipeline, Stage

APART = 5.0  # seconds between two observations that are kept, …
SPARSER = 30  # … or this part of all the time that has passed: a few hundred of them, however long the work takes


def usual(pipeline: Pipeline) -> Features:
    """All that is known where nobody has said more: the seconds that the pipeline declares."""
    kind = (f"kind={pipeline.name}",)
    parts = tuple(Part(stage=stage.key, usual=stage.seconds, levels=kind) for stage in pipeline.stages)
    return Features(pipeline=pipeline.key, parts=parts)


def checked(features: Features, pipeline: Pipeline) -> Features:
    stages = [stage.key for stage in pipeline.stages]
    told = [part.stage for part in features.parts]
    if features.pipeline != pipeline.key or told != stages:
        raise Refused(f"features: expected those of {pipeline.key}, one part a stage ({', '.join(stages)}), got {told}")
    return features


def left_out(features: Features) -> list[Stage]:
    """Stages that it could have been asked for with, and was not."""
    pipeline = pipelines.find(features.pipeline)
    parts = zip(pipeline.stages, features.parts, strict=True) if pipeline else ()
    return [stage for stage, part in parts if stage.optional and part.work == 0]


def as_json(features: Features) -> dict[str, Any]:
    return {
        "pipeline": features.pipeline,
        "parts": [
            {
                "stage": part.stage,
                "usual": part.usual,
                "work": part.work,
                "levels": list(part.levels),
                "idle": part.idle,
            }
            for part in features.parts
        ],
    }


def from_json(stored: dict[str, Any]) -> Features:
    parts = (Part(**{**part, "levels": tuple(part["levels"])}) for part in stored["parts"])
    return Features(pipeline=stored["pipeline"], parts=tuple(parts))


def seen_as_json(seen: Observation) -> list[Any]:
    passed = [round(each, 3) for each in seen.passed]
    return [round(seen.at, 3), seen.part, round(seen.began, 3), round(seen.done, 6), seen.units, seen.total, passed]


def seen_from_json(stored: Sequence[Any]) -> Observation:
    at, part, began, done, units, total, passed = stored
    return Observation(at=at, part=part, began=began, done=done, units=units, total=total, passed=tuple(passed))


def is_worth_keeping(last: Observation | None, seen: Observation) -> bool:
    return last is None or last.part != seen.part or seen.at - last.at >= max(APART, seen.at / SPARSER)
