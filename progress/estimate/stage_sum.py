"""The sum over the stages (S0-28): this one at the speed it was seen to have, each later one at its usual length."""

from progress.pipelines import Pipeline

ENOUGH_SECONDS = 10.0  # of measured work, before a number may be said


def remaining(pipeline: Pipeline, index: int, fraction: float, seconds: float, measured_before: float) -> float | None:
    """Seconds left, or None while too little was measured to say anything.

    `seconds` is how long this stage has run, `measured_before` how long the measured stages before it took.
    """
    measured = measured_before + (seconds if fraction > 0 else 0)
    if measured < ENOUGH_SECONDS:
        return None
    later = sum(stage.seconds for stage in pipeline.stages[index + 1 :])
    if fraction > 0:
        return seconds / fraction * (1 - fraction) + later
    return max(0.0, pipeline.stages[index].seconds - seconds) + later
