"""Whether the kinds and pipelines that this version declares fit what the rows already hold."""

from collections.abc import Iterator

from exports import kinds
from exports.models import Export
from exports.runners.base import RunnerError
from exports.tools import Tools
from progress import pipelines
from progress.models import Job


def doubts(tools: Tools, runner: str) -> Iterator[str]:
    """A sentence for each thing that would keep an export from being rendered, shown or ended."""
    yield from _of_declarations()
    yield from _of_rows()
    try:
        lacking = tools.runner(runner).lacks([kind.key for kind in kinds.registered()])
    except RunnerError as error:
        lacking = (f"The runner could not be asked: {error}", "Try again.")
    if lacking:
        yield " ".join(lacking)


def _of_declarations() -> Iterator[str]:
    keys = [kind.key for kind in kinds.registered()]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield f"There are two kinds {key!r}."
    for kind in kinds.registered():
        for each in kind.pipelines:
            if pipelines.find(each.key) != each:
                yield f"{kind.key}: its pipeline {each.key} is not registered."
            if [stage.key for stage in each.stages] != [stage.key for stage in kind.pipeline.stages]:
                yield f"{kind.key}: {each.key} has other stages than {kind.pipeline.key}, and the same work."
        first = kind.pipeline.stages[0]
        if first.key != "upload" and first.unit is not None and not kind.made_of_results_of:
            yield f"{kind.key}: its first stage is {first.key!r}; an export begins with its upload, or with waiting."
        for code in ("internal", "input_missing", "store", "no_room"):
            if code not in kind.errors:
                yield f"{kind.key}: it does not say whether {code!r} is tried again."


def _of_rows() -> Iterator[str]:
    """Only of what has not ended: the rest is past, and is shown by what its row says."""
    known = {kind.key: kind for kind in kinds.registered()}
    active = Export.objects.filter(job__settled_at__isnull=True)
    for key in active.order_by().values_list("kind", flat=True).distinct():
        if key not in known:
            yield f"Exports of the kind {key!r} have not ended, and this version does not know it."
    jobs = Job.objects.active().order_by().values_list("pipeline", "stage").distinct()
    for name, stage in jobs:
        pipeline = pipelines.find(name)
        if pipeline is None:
            yield f"Jobs of the pipeline {name!r} have not ended, and this version does not know it."
        elif stage not in {each.key for each in pipeline.stages}:
            yield f"A job of {name} is in the stage {stage!r}, which that pipeline does not have."
