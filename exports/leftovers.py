"""Objects of the store that belong to nothing any more: their export, attempt or project was deleted, or expired. And
what such attempts have left on this machine."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, groupby, islice
from uuid import UUID

from django.db import transaction
from django_q.tasks import async_task

from exports import left_runs, runners
from exports.models import Attempt, Project, Source
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.store import Entry, StoreError
from modal_functions.sweeping import sweep
from progress.models import Status

AGE = timedelta(days=1)  # younger ones may belong to what is only just begun
AT_ONCE = 500  # groups of objects whose owners are asked for together
FOLDERS = 100  # that one task clears

ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OURS = re.compile(rf"attempts/{ID}/[0-9]{{1,9}}/|projects/{ID}/chunks/(?:of-{ID}/)?|projects/{ID}/sources/{ID}/")

KNOWN_BY = (("attempts", (Attempt,)), ("projects", (Project, Source)))


class Unknown(Exception):
    """The store is full of what the database has never heard of: one of them is another's, or is being restored."""


@dataclass(frozen=True, kw_only=True)
class Tidied:
    looked: int = 0
    removed: int = 0
    bytes: int = 0
    failed: int = 0
    half_written: int = 0  # files of writers who died
    runs: int = 0  # folders of attempts on this machine


def tidy(tools: Tools, *, apply: bool = True, limit: int | None = None, emptied: bool = False) -> Tidied:
    """Once; whoever is killed in the middle has removed less, and nothing else. Unknown where the database has no row
    of what lies there, unless all of it was deleted: beside a new database, everything looks left behind."""
    unknown = _unknown(tools)
    if unknown and not emptied:
        raise Unknown(unknown)
    looked = removed = size = failed = 0
    before = tools.clock() - AGE
    for entry, owned in _all(tools):
        looked += 1
        if owned or entry.changed_at > before:
            continue
        if limit is not None and removed + failed >= limit:
            break
        try:
            if apply:
                tools.store.delete(entry.key)
        except StoreError:
            failed += 1
        else:
            removed, size = removed + 1, size + entry.bytes
    half = sweep(tools.store, before, apply=apply) if isinstance(tools.store, FolderStore) else 0
    runs = left_runs.sweep(runners.runs(), before, apply=apply)
    return Tidied(looked=looked, removed=removed, bytes=size, failed=failed, half_written=half, runs=runs)


def _unknown(tools: Tools) -> str:
    """The first place in which something lies of a sort that has no row. A restore fills one table after the other."""
    for place, models in KNOWN_BY:
        if all(model.objects.exists() for model in models):
            continue
        if any(_owner_of(entry) for entry in tools.store.entries(place)):
            return place
    return ""


def clear(folder: str, tools: Tools) -> int:
    """All of one folder, now: its owner has let it go. What is left of it when the store fails, `tidy` finds."""
    entries = list(tools.store.entries(folder))
    for entry in entries:
        tools.store.delete(entry.key)
    return len(entries)


def clear_later(folders: list[str]) -> None:
    """By the cluster, once what belongs to them is known to be gone."""
    transaction.on_commit(lambda: _ring(folders))


def _ring(folders: list[str]) -> None:
    for start in range(0, len(folders), FOLDERS):
        async_task("exports.tasks.clear", folders[start : start + FOLDERS], save=False)


def _all(tools: Tools) -> Iterator[tuple[Entry, bool]]:
    """Every object with whether somebody owns it. Owners are asked for after the listing: what was made meanwhile
    is found to be owned."""
    for place, owners in (("attempts", _owned_attempts), ("projects", _owned_by_projects)):
        groups = ((owner, list(entries)) for owner, entries in groupby(tools.store.entries(place), key=_owner_of))
        while chunk := list(islice(groups, AT_ONCE)):
            living = owners(owner for owner, _ in chunk)
            for owner, entries in chunk:
                yield from ((entry, owner in living) for entry in entries)


def _owner_of(entry: Entry) -> str:
    """Of sources and attempts, the row that they have; of chunks, their project's or source's. What nobody here has
    made is nobody's here to remove."""
    found = OURS.match(entry.key)
    return found[0] if found else ""


def _owned_attempts(owners: Iterable[str]) -> set[str]:
    exports = [UUID(owner.split("/")[1]) for owner in owners if owner]
    kept = Attempt.objects.exclude(export__job__status=Status.EXPIRED)
    rows = kept.filter(export__in=exports).values_list("export_id", "number")
    return {"", *(f"attempts/{export}/{number}/" for export, number in rows)}


def _owned_by_projects(owners: Iterable[str]) -> set[str]:
    parts = [owner.split("/") for owner in owners if owner]
    projects = Project.objects.filter(pk__in={each[1] for each in parts if each[2] == "chunks"})
    of_sources = {each[3].removeprefix("of-") for each in parts if each[3]}
    sources = Source.objects.filter(pk__in=of_sources)
    chunks = (f"projects/{pk}/chunks/" for pk in projects.values_list("pk", flat=True))
    rows = sources.values_list("project_id", "pk")
    theirs = ((f"projects/{project}/sources/{pk}/", f"projects/{project}/chunks/of-{pk}/") for project, pk in rows)
    return {"", *chunks, *chain.from_iterable(theirs)}
