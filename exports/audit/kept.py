"""What the store must have, and what it must not have."""

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from exports.audit.cases import Case
from exports.models import Attempt, Project, Source
from exports.together import one_by_one
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.store import PIECE, Entry, Missing, Store, StoreError, Unreachable
from progress.models import Status

YOUNG = timedelta(days=1)  # an object may be there before the row that it belongs to
PREFIXES = ("attempts", "projects")
TOO_LATE = Unreachable("It did not answer in time.")


@dataclass(frozen=True, kw_only=True)
class Left:
    """Objects under one folder of the store that nobody owns."""

    folder: str
    objects: int = 0
    bytes: int = 0

    @property
    def sentence(self) -> str:
        return f"{self.objects:,} {'object' if self.objects == 1 else 'objects'} ({self.bytes:,} bytes) of nobody"


def results(cases: Sequence[Case], tools: Tools, *, deep: bool) -> Iterator[tuple[Any, str]]:
    complete = [case.row for case in cases if case.row.status == Status.COMPLETE]
    sizes = iter(_sizes([row.result_key for row in complete if row.result_key], tools))
    for row in complete:
        if not row.result_key:
            yield row.pk, "it is complete, but it has no result"
            continue
        size = next(sizes)
        if size != row.result_bytes:
            yield row.pk, _of_size("its result", size, row.result_bytes)
        elif deep and (sha256 := _sha256(row.result_key, tools.store)) != row.result_sha256:
            yield row.pk, f"its result has the sha256 {sha256 or 'of nothing'}, expected {row.result_sha256}"


def sources(ids: Collection[Any], tools: Tools) -> Iterator[tuple[Any, str]]:
    whole = Source.objects.filter(pk__in=ids, state__in=(Source.State.STORED, Source.State.READY)).order_by()
    found = list(whole.only("project_id", "name", "bytes"))
    for source, size in zip(found, _sizes([source.key for source in found], tools), strict=True):
        if size != source.bytes:
            yield source.pk, _of_size(f"the file of {source.name}", size, source.bytes)


def old_objects(store: Store, prefixes: Iterable[str], now: datetime) -> Iterator[Left]:
    """Every folder that an owner could have, with what is in it; what is young is left alone."""
    for prefix in prefixes:
        entries = (entry for entry in store.entries(prefix) if now - entry.changed_at > YOUNG)
        for folder, inside in groupby(entries, key=_folder):
            found = list(inside)
            yield Left(folder=folder, objects=len(found), bytes=sum(entry.bytes for entry in found))


def unowned(found: Sequence[Left]) -> Iterator[Left]:
    """Those whose row is no more, in three statements."""
    ids: dict[int, set[UUID]] = {2: set(), 3: set(), 4: set()}  # by how many parts the folder has
    for parts in (each.folder.split("/") for each in found):
        with contextlib.suppress(KeyError, ValueError):  # no folder of ours
            ids[len(parts)].add(UUID(parts[3 if len(parts) == 4 else 1]))
    attempts = Attempt.objects.filter(export__in=ids[3]).order_by().values_list("export_id", "number")
    stored = Source.objects.filter(pk__in=ids[4]).order_by().values_list("project_id", "pk")
    projects = Project.objects.filter(pk__in=ids[2]).order_by().values_list("pk", flat=True)
    kept = {f"attempts/{export}/{number}" for export, number in attempts}
    kept |= {f"projects/{project}/sources/{pk}" for project, pk in stored}
    kept |= {f"projects/{pk}" for pk in projects}
    return (each for each in found if each.folder not in kept)


def together(found: Iterable[Left]) -> list[Left]:
    """One for each folder, though a listing may come past it more than once."""
    by_folder: dict[str, Left] = {}
    for each in found:
        before = by_folder.get(each.folder, Left(folder=each.folder))
        by_folder[each.folder] = replace(before, objects=before.objects + each.objects, bytes=before.bytes + each.bytes)
    return list(by_folder.values())


def _folder(entry: Entry) -> str:
    """What it belongs to: an attempt, a source, or else a project."""
    parts = entry.key.split("/")
    depth = 3 if parts[0] == "attempts" else 4 if parts[2:3] == ["sources"] else 2
    return "/".join(parts[: min(depth, len(parts) - 1)])


def _sizes(keys: Sequence[str], tools: Tools) -> list[int | None]:
    """A bucket is asked for many at once; a disk answers faster than a thread begins."""
    ask = one_by_one if isinstance(tools.store, FolderStore) else tools.together
    sizes = []
    for answer in ask(lambda key: _size(key, tools.store), keys, TOO_LATE):
        if isinstance(answer, StoreError):
            raise answer
        sizes.append(answer)
    return sizes


def _size(key: str, store: Store) -> int | StoreError | None:
    try:
        return store.size(key)
    except ValueError:  # a key that is none
        return None
    except StoreError as error:
        return error


def _sha256(key: str, store: Store) -> str:
    digest = hashlib.sha256()
    try:
        with store.open(key) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except Missing:
        return ""
    return digest.hexdigest()


def _of_size(what: str, size: int | None, expected: int | None) -> str:
    if size is None:
        return f"{what} is not in the store"
    return f"{what} has {size:,} bytes, expected {expected if expected is None else f'{expected:,}'}"
