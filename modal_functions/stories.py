"""Stories: what the kinds that begin with one do first. Load its clips, look into them, lay its shots out on frames,
and write it down for other programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from modal_functions.editing import edl
from modal_functions.editing.cut import US, Cut, Shot, frame_at, one_line
from modal_functions.editing.timecode import Counting, Own
from modal_functions.filming import as_asked
from modal_functions.media import child
from modal_functions.media.chunks import RENDERER, digest
from modal_functions.media.render import HELD
from modal_functions.media.spec import Clip
from modal_functions.media.timeline import frames_of
from modal_functions.parts import Parts, fetched
from modal_functions.runtime import Context, Failed

DOCUMENTS = {".edl": "EDL (CMX 3600)", ".otio": "OpenTimelineIO", ".xml": "Final Cut XML"}
FIRST_DOCUMENT = 100  # places of results: films come before
LARGEST_NAME = 80


@dataclass(frozen=True, kw_only=True)
class Told:
    """The story as it was asked for; `timecodes` are those of the clips that have one, by their keys."""

    title: str
    project: str
    counting: Counting
    clips: Sequence[Clip]
    notes: Sequence[str]
    timecodes: Mapping[str, Own]

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Told":
        counting = Counting(rate=Fraction(*wire["rate"]), drop=bool(wire["drop"]))
        clips = [Clip.from_wire(shot["clip"]) for shot in wire["shots"]]
        notes = [one_line(str(shot["note"])) for shot in wire["shots"]]
        if not clips:
            raise ValueError("a story has one shot at least")
        told = {key: Own.from_wire(each) for key, each in wire.get("timecodes", {}).items()}
        return cls(
            title=one_line(wire["title"]),
            project=wire["project"],
            counting=counting,
            clips=clips,
            notes=notes,
            timecodes={key: own for key, own in told.items() if own is not None},
        )

    @property
    def file(self) -> str:
        """What its files are called, before their endings."""
        kept = "".join(each if each.isalnum() or each in " -_." else " " for each in self.title)
        return " ".join(kept.split())[:LARGEST_NAME].strip(" .") or "Story"


@dataclass(frozen=True, kw_only=True)
class Story:
    """With its clips at hand, and what was found in them, by their keys."""

    context: Context
    told: Told
    paths: dict[str, Path]
    found: Mapping[str, Mapping[str, Any]]
    looked_into: int  # of the clips; what was found in the others is kept from before

    @property
    def cut(self) -> Cut:
        rate, names = self.told.counting.rate, self.names
        shots = tuple(
            Shot(
                name=one_line(names[clip.source]),
                first=frame_at(clip.in_us, rate),
                frames=frames_of(clip, rate),
                note=note,
                sound=bool(self.found[clip.source].get("sound")),
                clip=clip.source,
            )
            for clip, note in zip(self.told.clips, self.told.notes, strict=True)
        )
        return Cut(
            title=self.told.title[: edl.LONGEST_TITLE].strip() or "Untitled", counting=self.told.counting, shots=shots
        )

    @property
    def listed(self) -> Cut:
        """As an EDL has it: clips are counted as their cameras did, so that an editing program finds the place."""
        shots = zip(self.cut.shots, self.told.clips, strict=True)
        return replace(self.cut, shots=tuple(self._listed(shot, clip.source) for shot, clip in shots))

    def _listed(self, shot: Shot, key: str) -> Shot:
        if key not in self.told.timecodes:
            return shot
        begin, counting = next(self.told.timecodes[key].begins(self.told.counting.rate))
        drop = None if counting == self.told.counting else counting.drop
        return replace(shot, first=(begin + shot.first) % counting.day, drop=drop)

    @property
    def names(self) -> dict[str, str]:
        return {source["key"]: source["name"] for source in self.context.spec["sources"]}

    @property
    def lengths(self) -> dict[str, int]:
        """How many frames each clip has."""
        rate = self.told.counting.rate
        return {key: frame_at(told["duration_us"], rate) for key, told in self.found.items()}


def begin(context: Context) -> Story:
    """The stages `load` and `metadata`."""
    told = as_asked(lambda: Told.from_wire(context.spec["story"]))
    paths = fetched(context, stage="load")
    found, looked_into = _looked_into(context, told, paths)
    story = Story(context=context, told=told, paths=paths, found=found, looked_into=looked_into)
    _check_ends(story)
    return story


def _looked_into(context: Context, told: Told, paths: dict[str, Path]) -> tuple[dict[str, Any], int]:
    sums = {clip.source: clip.sha256 for clip in told.clips}
    files = {key: f"{digest({'renderer': RENDERER, 'how': 'look', 'source': sha})}.json" for key, sha in sums.items()}
    parts = Parts(context=context, sources=paths, called=lambda key: _called(context, key))
    context.report.stage("metadata", total=len(files), unit="clips")
    there = parts.there(files.values())
    missing = {key: file for key, file in files.items() if file not in there}
    request = {"do": "edl.look", "units": 1}
    batches = [parts.batch(key, {**request, "file": file}, [file]) for key, file in missing.items()]
    parts.make(batches, done=len(files) - len(missing))
    return {key: parts.told(file) for key, file in files.items()}, len(missing)


def _called(context: Context, key: str) -> str:
    return str(next(each["name"] for each in context.spec["sources"] if each["key"] == key))


def _check_ends(story: Story) -> None:
    """A shot that begins behind the end of its clip would show a still picture, and one that goes on for longer than a
    film holds the last picture cannot be made."""
    for number, clip in enumerate(story.told.clips, 1):
        name, length = story.names[clip.source], story.found[clip.source]["duration_us"]
        if clip.in_us >= length:
            raise Failed("unsupported", f"Shot {number} begins where {name} has ended. Choose another part of it.")
        if clip.out_us > length + HELD * US:
            said = f"Shot {number} ends at {clip.out_us / US:.2f} s of {name}, which is {length / US:.2f} s long."
            raise Failed("unsupported", f"{said} Choose another part of it.")


def documents(story: Story) -> list[dict[str, Any]]:
    """The stage `edl`: the story as other programs read it, each file read back before it counts."""
    context, results = story.context, []
    context.report.stage("edl", total=len(DOCUMENTS), unit="files")
    for number, (form, label) in enumerate(DOCUMENTS.items()):
        context.border()
        to, cut = context.folder / f"story{form}", story.listed if form == ".edl" else story.cut
        request = {"do": "edl.write", "cut": as_wire(cut), "form": form, "lengths": story.lengths, "to": str(to)}
        child.run(request, start=context.start)
        name = f"{story.told.file}{form}"
        results.append(context.ready(to, place=FIRST_DOCUMENT + number, name=name, label=label))
        context.report.units(number + 1)
    return results


def as_wire(cut: Cut) -> dict[str, Any]:
    rate = cut.rate
    return {
        "title": cut.title,
        "rate": [rate.numerator, rate.denominator],
        "drop": cut.counting.drop,
        "shots": [vars(shot) for shot in cut.shots],
    }


def cut_from(wire: Mapping[str, Any]) -> Cut:
    counting = Counting(rate=Fraction(*wire["rate"]), drop=wire["drop"])
    return Cut(title=wire["title"], counting=counting, shots=tuple(Shot(**shot) for shot in wire["shots"]))


def tidied(context: Context) -> int:
    """The stage `cleanup`: nothing that was made on the way stays on this machine. Returns how many files it were."""
    left = [path for path in sorted(context.folder.rglob("*"), reverse=True) if path.is_symlink() or not path.is_dir()]
    context.report.stage("cleanup", total=len(left), unit="files")
    for number, path in enumerate(left, 1):
        path.unlink(missing_ok=True)
        context.report.units(number)
    return len(left)
