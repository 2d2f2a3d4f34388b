"""One pass over everything; what looks wrong is looked at again before it is told, since all of it may be moving."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from exports import store_said
from exports.audit import kept
from exports.audit.cases import read
from exports.audit.checks import CHECKS
from exports.audit.rows import Moment
from exports.driver import LEASE
from exports.models import Export, Heartbeat, Source
from exports.models.heartbeat import CLUSTER, is_within
from exports.tools import Tools
from modal_functions.store import StoreError

OF_STORE = ["result", "sources", "objects"]  # in the order in which they are looked at
MOMENT = 2.0  # seconds between two looks at the same
TURNS = 10
DRIVEN = timedelta(seconds=10)  # since its last beat; a pass may take nearly as long

Suspicion = tuple[Any, str]  # of whom, by which check
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    checks: frozenset[str] = frozenset(CHECKS)
    deep: bool = False
    limit: int | None = None  # at most so many exports, sources and folders, the newest of the rows
    at_once: int = 500


@dataclass(frozen=True, kw_only=True)
class Violation:
    check: str
    of: str  # export, source or folder
    id: Any
    sentence: str

    def __str__(self) -> str:
        return f"{self.of} {self.id}: {self.sentence} ({self.check})"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one look shows: sentences, and who moved too fast to be judged."""

    wrong: dict[Suspicion, str] = field(default_factory=dict)
    moving: set[Any] = field(default_factory=set)


@dataclass(kw_only=True)
class Audited:
    violations: list[Violation] = field(default_factory=list)
    looked: Counter[str] = field(default_factory=Counter)
    unlooked: list[str] = field(default_factory=list)  # sentences: what could not be looked at, and why
    moving: int = 0  # never stood still for as long as it takes to read one row

    @property
    def ok(self) -> bool:
        return not self.violations and not self.unlooked


Look = Callable[[Collection[Any]], Found]
Tell = Callable[[str, int], None]


def audit(
    tools: Tools,
    wanted: Wanted,
    *,
    sleep: Callable[[float], None] = time.sleep,
    tell: Tell = lambda part, done: None,
) -> Audited:
    return _Audit(tools, wanted, sleep, tell).all()


class _Audit:
    def __init__(self, tools: Tools, wanted: Wanted, sleep: Callable[[float], None], tell: Tell) -> None:
        self.tools, self.wanted, self.sleep, self.tell = tools, wanted, sleep, tell
        self.done = Audited()
        self.store_answers = True
        self.of_rows = [(name, CHECKS[name].of_rows) for name in CHECKS if name in wanted.checks]

    def all(self) -> Audited:
        if any(of_rows for _, of_rows in self.of_rows) or "result" in self.wanted.checks:
            exports = Export.objects.order_by("-job__created_at") if self.wanted.limit else Export.objects.all()
            all_of_them = partial(self._exports, between=self.wanted.limit is None)
            self._pass("export", _ids(exports, self.wanted), all_of_them, again=self._exports)
        if "sources" in self.wanted.checks:
            stored = Source.objects.order_by("-created_at") if self.wanted.limit else Source.objects.all()
            self._pass("source", _ids(stored, self.wanted), self._sources, again=self._sources)
        if "objects" in self.wanted.checks:
            self._pass_objects()
        return self.done

    def _pass(self, of: str, batches: Iterator[Sequence[Any]], look: Look, *, again: Look) -> None:
        found = Found()
        for batch in batches:
            seen = look(batch)
            found.wrong.update(seen.wrong)
            found.moving.update(seen.moving)
            self.done.looked[of] += len(batch)
            self.tell(of, self.done.looked[of])
        self._confirm(of, found, again)

    def _confirm(self, of: str, found: Found, look: Look) -> None:
        """Only what is there in look after look is told; between them there is a moment in which it may settle."""
        held, moving = Counter(found.wrong.keys()), found.moving
        for _ in range(TURNS):
            if not held and not moving:
                break
            self.sleep(MOMENT)
            again = self._look_again({pk for pk, _ in held} | moving, look)
            for suspicion in list(held):
                if suspicion not in again.wrong and suspicion[0] not in again.moving:
                    del held[suspicion]
            held.update(again.wrong.keys())
            for suspicion in [each for each in again.wrong if held[each] >= CHECKS[each[1]].turns]:
                pk, check = suspicion
                del held[suspicion]
                self.done.violations.append(Violation(check=check, of=of, id=pk, sentence=again.wrong[suspicion]))
            moving = again.moving
        self.done.moving += len(moving)

    def _look_again(self, ids: Collection[Any], look: Look) -> Found:
        found, told = Found(), {(each.id, each.check) for each in self.done.violations}
        for batch in _batches(iter(ids), self.wanted.at_once):
            seen = look(batch)
            found.wrong.update({each: said for each, said in seen.wrong.items() if each not in told})
            found.moving.update(seen.moving)
        return found

    def _exports(self, ids: Collection[Any], *, between: bool = False) -> Found:
        cases, moving = read(ids, between=between)
        moment = self._moment()
        found = Found(moving=moving)
        for case in cases:
            for name, of_rows in self.of_rows:
                if of_rows and (said := "; ".join(of_rows(case, moment))):
                    found.wrong[case.row.pk, name] = said
        if "result" in self.wanted.checks:
            asked = self._ask_store("result", lambda: kept.results(cases, self.tools, deep=self.wanted.deep))
            found.wrong.update({(pk, "result"): said for pk, said in asked})
        return found

    def _sources(self, ids: Collection[Any]) -> Found:
        asked = self._ask_store("sources", lambda: kept.sources(ids, self.tools))
        return Found(wrong={(pk, "sources"): said for pk, said in asked})

    def _pass_objects(self) -> None:
        """Folders instead of rows: only those without an owner are kept in mind."""
        listed = kept.old_objects(self.tools.store, kept.PREFIXES, self.tools.clock())
        left: list[kept.Left] = []
        for batch in _batches(self._until_away(islice(listed, self.wanted.limit)), self.wanted.at_once):
            left += kept.unowned(batch)
            self.done.looked["folder"] += len(batch)
            self.done.looked["object"] += sum(each.objects for each in batch)
            self.tell("folder", self.done.looked["folder"])
        suspects = {(each.folder, "objects"): each.sentence for each in kept.together(left)}
        self._confirm("folder", Found(wrong=suspects), self._folders)

    def _folders(self, folders: Collection[str]) -> Found:
        listed = self._ask_store(
            "objects", lambda: kept.old_objects(self.tools.store, sorted(folders), self.tools.clock())
        )
        left = kept.together(kept.unowned([each for each in listed if each.folder in folders]))
        return Found(wrong={(each.folder, "objects"): each.sentence for each in left})

    def _moment(self) -> Moment:
        now, beat = self.tools.clock(), Heartbeat.last(LEASE)
        driven = beat is not None and is_within(DRIVEN, beat, now)
        return Moment(now=now, driven=driven, sends=Heartbeat.alive(CLUSTER, now))

    def _until_away(self, listed: Iterator[Item]) -> Iterator[Item]:
        if not self.store_answers:
            return
        try:
            yield from listed
        except StoreError as error:
            self._store_is_away("objects", error)

    def _ask_store(self, check: str, ask: Callable[[], Iterator[Item]]) -> list[Item]:
        """Nothing once the store did not answer: what is not known is no violation, and is told once."""
        if not self.store_answers:
            return []
        try:
            return list(ask())
        except StoreError as error:
            self._store_is_away(check, error)
            return []

    def _store_is_away(self, check: str, error: StoreError) -> None:
        self.store_answers = False
        left = OF_STORE[OF_STORE.index(check) :]
        rest = ", ".join(name for name in left if name in self.wanted.checks)
        self.done.unlooked.append(f"Not everything was looked at ({rest}). {store_said.told(error)}")


Rows = TypeVar("Rows", bound=Model)


def _ids(rows: "QuerySet[Rows]", wanted: Wanted) -> Iterator[list[Any]]:
    """Batches in the order of the primary key; with a limit, the first of the order that is given."""
    if wanted.limit is not None:
        yield from _batches(iter(list(rows.values_list("pk", flat=True)[: wanted.limit])), wanted.at_once)
        return
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    batch = list(ordered[: wanted.at_once])
    while batch:
        yield batch
        batch = list(ordered.filter(pk__gt=batch[-1])[: wanted.at_once])


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(islice(items, size)):
        yield batch
