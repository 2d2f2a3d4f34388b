"""When all is over: what must be true of every export, of the store, and of the machine."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exports.models import Export
from modal_functions.folder import HALF_WRITTEN, FolderStore
from modal_functions.sweeping import sweep
from progress.models import Status, Wish
from progress.timeline import Broken, replay

REPLAYED = ("status", "wish", "attempt")


def exports_audited(store: Path) -> Iterator[str]:
    films: dict[str, dict[str, Any]] = {}
    for export in Export.objects.select_related("job").order_by("job__created_at"):
        yield from (f"export {export.pk}: {said}" for said in _of_one(export, store))
        if export.job.status == Status.COMPLETE:
            films.setdefault(_spec(export), {}).setdefault(export.result_sha256, export.pk)
    for spec, results in films.items():
        if len(results) > 1:
            yield f"the same film came out in {len(results)} ways: {sorted(map(str, results.values()))}: {spec}"


def _of_one(export: Export, store: Path) -> Iterator[str]:
    job, attempts = export.job, list(export.attempts.all())
    numbers = [attempt.number for attempt in attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"its attempts are numbered {numbers}"
    if still := [attempt.number for attempt in attempts if attempt.open or attempt.gone_at is None]:
        yield f"its attempts {still} are not over"
    yield from _ending(export, len([attempt for attempt in attempts if attempt.outcome == "ok"]), store)
    yield from _notices(export)
    try:
        state = replay(job.events.all())
    except Broken as broken:
        yield f"its events do not follow from one another: {broken}"
    else:
        for name in REPLAYED:
            if state is None or getattr(state, name) != getattr(job, name):
                yield f"its events lead to {name} {getattr(state, name, None)!r}, the row has {getattr(job, name)!r}"


def _ending(export: Export, oks: int, store: Path) -> Iterator[str]:
    job = export.job
    if job.status == Status.CANCELLED and job.wish == Wish.CANCEL:
        return
    if job.status != Status.COMPLETE:
        yield f"it ended {job.status} ({job.cause}: {job.cause_text})"
        return
    if oks != 1:
        yield f"{oks} of its attempts ended well"
    path = store / export.result_key
    if not export.result_key or not path.is_file():
        yield "its result is not there"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != export.result_sha256:
        yield "its result is not what was promised"


def _notices(export: Export) -> Iterator[str]:
    """As many of each as there were endings of its kind; never two of one."""
    phases = list(export.job.events.values_list("phase", flat=True))
    events = list(export.notices.values_list("event", flat=True))
    for event, phase in (("done", "complete"), ("failed", "failed")):
        if events.count(event) != phases.count(phase):
            yield f"{phases.count(phase)} times {phase}, but {events.count(event)} notices of it"
    if phases.count("complete") > 1:
        yield f"it was completed {phases.count('complete')} times"


def _spec(export: Export) -> str:
    shas = {str(source.pk): source.sha256 for source in export.project.sources.all()}
    clips = [(shas.get(clip["source"]), clip["in_us"], clip["out_us"]) for clip in export.spec["clips"]]
    return json.dumps([clips, export.spec["output"]], sort_keys=True)


def leftovers(home: Path) -> list[str]:
    """What the dead have left half-done in the home, and no pass takes away: nothing of it may stay for ever."""
    store = home / "store"
    sweep(FolderStore(store), datetime.now(UTC))
    found = [path for path in store.rglob("*") if path.name.startswith((HALF_WRITTEN, ".half-"))]
    found += [path for path in store.glob(".uploads/*/*") if path.name != ".lock"]
    found += [path for path in (home / "runs").glob("*/work") if any(path.iterdir())]
    return [f"left over: {path.relative_to(home)}" for path in sorted(set(found))]
