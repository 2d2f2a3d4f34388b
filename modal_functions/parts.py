"""Work on sources, in parts that are each made once: here or on other machines, and kept under what made them."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modal_functions.batches import Batch, fetch, make
from modal_functions.fan import MOST_TRIES, Lost, NotTaken
from modal_functions.media.errors import DAMAGED_PART, NOT_OF_COPIES, UNREAD_PART, MediaError
from modal_functions.runtime import Context, Failed
from modal_functions.side_by_side import Pieces, cores, side_by_side
from modal_functions.store import Forbidden, Missing
from modal_functions.wire import kept_as, unpack

ASKED_AT_ONCE = 16  # objects of the store


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`sources` are files at hand here, by key. `called` says what a source is to the person who waits, as in
    “clip 2 (beach.mov)”."""

    context: Context
    sources: dict[str, Path]
    called: Callable[[str], str]

    @property
    def workers(self) -> int:
        return self.context.fan.at_once if self.context.fan else cores()

    def batch(self, source: str, request: dict[str, Any], parts: Sequence[str], uses: Sequence[str] = ()) -> Batch:
        """Work on one source; `parts` are the files that come of it, `uses` those that it takes beside the source."""
        told = next(each for each in self.context.spec["sources"] if each["key"] == source)
        kept = self.context.spec["chunks"]
        return Batch(source=told, request=request, parts=tuple(parts), kept=kept, uses=tuple(uses))

    def there(self, names: Collection[str]) -> set[str]:
        """Those that are kept already."""
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            sizes = {name: pool.submit(self.context.store.size, self._key(name)) for name in set(names)}
        return {name for name, size in sizes.items() if size.result()}

    def make(
        self,
        batches: Iterable[Batch],
        *,
        done: int,
        kept: int | None = None,
        worth: Callable[[Batch], int] | None = None,
        made: Callable[[Batch, float], None] | None = None,
        heard: Callable[[int], None] | None = None,
        then: Callable[[Callable[[], None]], None] | None = None,
        dispensable: Iterable[Batch] = (),
    ) -> None:
        """All of them, side by side; the stage hears of their units, beside the `done` that were there before.
        `worth` says what a batch that is made counts for, where that is not its units; `made` hears of each that is,
        and how many seconds of another machine it took. Where this is not all of its stage, `kept` says how much of
        `done` was there before the stage began; `heard` hears of the units where the stage counts others. What comes
        `then` is done by the first worker that finds no more batches; it can ask whether that is still wanted. Of
        those that are `dispensable`, which come first, parts may be missing in the end: `worth` is asked for what
        there is."""
        pieces = Pieces(kept=done, on_done=heard or self.context.report.units)
        if heard is None or kept is not None:
            self.context.report.kept(done if kept is None else kept)
        self.context.border()
        worth, made = worth or (lambda batch: batch.units), made or (lambda batch, seconds: None)
        acts: list[Callable[[], None]] = [
            partial(self._make, batch, pieces, worth, made, dispensable=spare)
            for each, spare in ((dispensable, True), (batches, False))
            for batch in each
        ]
        if then is not None:
            acts.append(partial(then, pieces.check))
        side_by_side(acts, pieces, self.workers)

    def at_hand(self, name: str) -> Path:
        """The file of a part that is kept."""
        path = self.context.store.in_place(self._key(name))
        if path is not None:
            return path
        path = self.context.folder / name
        if not path.exists():
            fetch(self.context.store, self._key(name), path)
        return path

    def all_at_hand(self, names: Sequence[str]) -> list[Path]:
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            found = {name: pool.submit(self.at_hand, name) for name in set(names)}
        return [found[name].result() for name in names]

    def told(self, name: str) -> dict[str, Any]:
        """What a part that is kept says in JSON. One that is damaged is made anew by whoever tries again."""
        try:
            return unpack(self.at_hand(name).read_bytes())
        except ValueError as error:
            self.throw_away([name])
            raise MediaError("result_invalid", DAMAGED_PART) from error

    @contextlib.contextmanager
    def reading(self, names: Collection[str]) -> Iterator[None]:
        """Where one of these cannot be read in this block, whoever tries again makes all of them anew."""
        try:
            yield
        except MediaError as error:
            if error.sentence in (DAMAGED_PART, UNREAD_PART):
                self.throw_away(names)
            raise

    def throw_away(self, names: Collection[str]) -> None:
        """Not every key to a bucket may delete: there, what was damaged on its way is at least fetched anew."""
        for name in names:
            (self.context.folder / name).unlink(missing_ok=True)
            with contextlib.suppress(Forbidden):
                self.context.store.delete(self._key(name))

    def _key(self, name: str) -> str:
        return kept_as(self.context.spec["chunks"], name)

    def _make(
        self,
        batch: Batch,
        pieces: Pieces,
        worth: Callable[[Batch], int],
        made: Callable[[Batch, float], None],
        *,
        dispensable: bool,
    ) -> None:
        """Here or on another machine: what is heard of it, and what it leaves, is the same."""
        context, began = self.context, time.monotonic()

        def hear(units: int) -> None:
            pieces.check()
            pieces.under_way(batch.name, units)

        with self._in_words(batch.source, dispensable=dispensable):
            if context.fan:
                context.fan.make(batch, hear, context.border)
            else:
                source = self.sources[batch.source["key"]]
                make(
                    batch,
                    source=source,
                    folder=context.folder,
                    store=context.store,
                    hear=hear,
                    border=context.border,
                    start=context.start,
                )
        pieces.finished(batch.name, worth(batch))
        made(batch, time.monotonic() - began if context.fan else 0.0)

    @contextlib.contextmanager
    def _in_words(self, source: dict[str, Any], *, dispensable: bool) -> Iterator[None]:
        """What is wrong with a file, and that it ends machines, is said with its name; where nobody depends on it,
        nothing is: there is another way, and who goes that one says it. A full disk, or a machine that is shut down, is
        no fault of a file, and meets whoever goes another way."""
        called = self.called(source["key"])
        try:
            yield
        except MediaError as error:
            if error.sentence in NOT_OF_COPIES:
                raise
            if dispensable:
                return
            said = f"We couldn't use {called}. {error.sentence} Replace it and try again."
            raise Failed(error.code, said) from error
        except Missing:
            raise _gone(source) from None
        except Lost as error:
            if isinstance(error, NotTaken):
                said = f"No machine could be had for {called}. What is finished is kept: a retry goes on from there."
                raise Failed("internal", said) from error
            if dispensable:
                return
            said = f"Machines that worked on {called} ended {MOST_TRIES} times without an answer."
            raise Failed("internal", said) from error


def fetched(context: Context, *, here: bool = False, stage: str = "fetch") -> dict[str, Path]:
    """The stage in which they are fetched: the files of all sources, in place where the store is on this machine. Other
    machines fetch what they need themselves; `here` is for work that is not handed out."""
    sources, done = context.spec["sources"], 0
    if context.fan and not here:
        context.report.stage(stage, note="Each machine fetches the clip that it works on")
        return {}
    context.report.stage(stage, total=sum(source["bytes"] for source in sources), unit="bytes")
    found = {}
    for number, source in enumerate(sources):
        context.border()
        found[source["key"]] = _fetched(context, source, context.folder / f"source-{number}", done)
        done += source["bytes"]
        context.report.units(done)
    return found


def _fetched(context: Context, source: dict[str, Any], to: Path, done: int) -> Path:
    path = context.store.in_place(source["key"])
    try:
        if path is None:
            context.store.fetch(source["key"], to, lambda count: context.report.units(done + count))
        elif context.store.size(source["key"]) != source["bytes"]:
            raise _gone(source)
    except Missing:
        raise _gone(source) from None
    return path or to


def _gone(source: dict[str, Any]) -> Failed:
    name = source["name"]
    if source.get("deleted"):
        said = f"{name} was deleted from the project. Put another clip in its place, then export the film anew."
    else:
        said = f"The file of {name} is no longer where it was uploaded to. Upload it again, then retry."
    return Failed("input_missing", said)
