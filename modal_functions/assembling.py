"""Films of a story in several formats: each is made of its own chunks, from the clips themselves, joined and looked at.
All but the last are put out as soon as they are; the last one's ends are stages of their own."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modal_functions.batches import Batch
from modal_functions.filming import Made, Making, making_of, telling_of
from modal_functions.joining import Joined
from modal_functions.media import child
from modal_functions.media.spec import Film, Output
from modal_functions.rendering import rendering_of
from modal_functions.runtime import Context
from modal_functions.store import StoreError
from modal_functions.stories import Story
from modal_functions.wire import Track

CODECS = {"h264": ("MP4", ""), "hevc": ("H.265", "-h265"), "vp9": ("WebM", ""), "prores": ("ProRes", "-prores")}
OUT = 1  # the unit of a track that is left until its film can be had


@dataclass(kw_only=True)
class Print:
    """One film in one format, on its way. `done` is of its own track: frames made, then looked at, then put out."""

    place: int
    making: Making
    file: str
    early: bool
    done: int = 0
    path: Path = field(default_factory=Path)
    looked: dict[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> Output:
        return self.making.film.output

    @property
    def frames(self) -> int:
        return self.making.timeline.frames

    @property
    def total(self) -> int:
        return 2 * self.frames + OUT

    @property
    def label(self) -> str:
        return f"{CODECS[self.output.video][0]}, {self.output.width} × {self.output.height}"

    @property
    def name(self) -> str:
        size, ending = f"{self.output.width}x{self.output.height}", CODECS[self.output.video][1]
        return f"{self.file}-{size}{ending}.{self.output.container}"


def prints_of(story: Story, outputs: Sequence[Output]) -> "Prints":
    if not outputs:
        raise ValueError("an assembly has one film at least")
    last = len(outputs)
    found = [
        Print(
            place=place,
            making=making_of(Film(output=output, clips=tuple(story.told.clips)), story.context, story.paths),
            file=story.told.file,
            early=place < last,
        )
        for place, output in enumerate(outputs, 1)
    ]
    return Prints(context=story.context, all=found)


@dataclass(kw_only=True)
class Prints:
    """All films of an export, in the order in which they are made."""

    context: Context
    all: list[Print]
    results: list[dict[str, Any]] = field(default_factory=list)
    rendered: int = 0

    @property
    def late(self) -> list[Print]:
        return [each for each in self.all if not each.early]

    @property
    def chunks(self) -> int:
        return sum(len(each.making.chunks) for each in self.all)

    def make(self, stage: str, wanted: Sequence[Print]) -> None:
        """A stage in which these are made; nothing is asked for where there are none."""
        total = sum(each.frames * (2 if each.early else 1) for each in wanted)
        self.context.report.stage(
            stage, total=total, unit="frames", note="" if wanted else "No other format was asked for"
        )
        tally = _Tally(prints=self)
        for each in wanted:
            self._render(each, tally)
            each.path = self.context.folder / each.name
            tally.note = f"Joining {each.label}"
            Joined.of(each.making).to(each.path, lambda joined: None)
            self.context.border()
            if each.early:
                self._look_at(each, tally)
                self._put_out(each)
            tally.passed(each)

    def validate(self) -> None:
        """The stage `validate`: decodes the last film, frame by frame."""
        self.context.report.stage("validate", total=sum(each.frames for each in self.late), unit="frames")
        for each in self.late:
            self._look_at(each, _Tally(prints=self, base=-each.frames))

    def move(self) -> None:
        """The stage `move`: the last film goes where it can be had."""
        self.context.report.stage("move", total=sum(each.path.stat().st_size for each in self.late), unit="bytes")
        for each in self.late:
            self._put_out(each, told=True)

    def tell(self) -> None:
        tracks = [Track(name=each.label, done=each.done, total=each.total) for each in self.all]
        self.context.report.tracks(*tracks)

    def _render(self, each: Print, tally: "_Tally") -> None:
        rendering, making = rendering_of(each.making), each.making
        self.rendered += Made(parts=rendering.missing).of(making.chunks)
        tally.kept += rendering.kept
        tally.note = each.label

        telling = telling_of(making, rendering.there) if each is self.all[0] else None

        def made(batch: Batch, seconds: float) -> None:
            if telling is not None:
                telling.made(batch.parts, seconds)
            with contextlib.suppress(StoreError):  # only how fast it is said to be hangs on it
                tally.sizes.extend(self.context.store.size(batch.key(part)) or 0 for part in batch.parts)

        making.parts.make(
            rendering.batches,
            done=rendering.kept,
            kept=tally.kept,
            worth=lambda batch: _frames_of(making, batch),
            made=made,
            heard=lambda done: tally.reached(each, done),
        )
        if telling is not None:
            telling.tell()
        tally.reached(each, each.frames)

    def _look_at(self, each: Print, tally: "_Tally") -> None:
        tally.note = f"Looking at {each.label}"
        request = {"do": "verify", "path": str(each.path), "output": each.making.output, "frames": each.frames}
        each.looked = child.run(
            request, lambda said: tally.reached(each, each.frames + said["frames"]), start=self.context.start
        )
        tally.reached(each, 2 * each.frames)
        self.context.border()

    def _put_out(self, each: Print, *, told: bool = False) -> None:
        facts = {name: each.looked[name] for name in ("frames", "seconds", "streams")}
        on_bytes = self.context.report.units if told else None
        ready = self.context.ready(
            each.path, place=each.place, name=each.name, label=each.label, on_bytes=on_bytes, **facts
        )
        self.results.append(ready)
        each.done = each.total
        self.tell()


@dataclass(kw_only=True)
class _Tally:
    """What one stage has done: all that its films before have, and what the one at hand has."""

    prints: Prints
    base: int = 0
    kept: int = 0
    sizes: list[int] = field(default_factory=list)  # of the parts that were made
    note: str = ""

    def reached(self, each: Print, done: int) -> None:
        each.done = max(each.done, done)
        self.prints.context.report.units(self.base + done, bytes=sum(self.sizes) or None, note=self.note)
        self.prints.tell()

    def passed(self, each: Print) -> None:
        self.base += each.frames * (2 if each.early else 1)


def _frames_of(making: Making, batch: Batch) -> int:
    return sum(chunk.frames for chunk in making.chunks if chunk.file in batch.parts)
