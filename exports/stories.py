"""Stories that people bring: a file of ours in JSON, an EDL, or another program's timeline. Each becomes shots of the
project's own clips; what does not fit is said in a sentence that names it."""

import codecs
import json
import tempfile
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from exports import edit_lists, timecode
from modal_functions.editing import edl
from modal_functions.editing.cut import MOST_SHOTS, Unreadable, microseconds, one_line
from modal_functions.media import child
from modal_functions.media.child import Limits
from modal_functions.media.errors import MediaError

if TYPE_CHECKING:
    from exports.models import Project, Source

LARGEST = 4 << 20
LIMITS = Limits(memory_bytes=2 << 30, cpu_seconds=20, file_bytes=1 << 20, wall_seconds=25, answer_bytes=4 << 20)
TIMELINES = (".otio", ".xml")
KNOWN = ("source", "in", "out", "note", "order")
LONGEST_NOTE = 200
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
US = timecode.US


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Of a clip by its name, or by its id; no `out_us` is its end."""

    source: str
    in_us: int
    out_us: int | None
    note: str = ""

    def as_typed(self) -> dict[str, Any]:
        """As a story file has it."""
        end = None if self.out_us is None else timecode.show(self.out_us)
        return {"source": self.source, "in": timecode.show(self.in_us), "out": end, "note": self.note}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """`remarks` are what whoever sent it should know: what was left out of it, and how it was taken."""

    title: str
    shots: tuple[Shot, ...]
    remarks: tuple[str, ...] = ()


# Reading


def read(file: Any, rate: tuple[int, int], project: "Project") -> Sent:
    """What somebody sent, told apart by how its name ends. `rate` counts the frames of an EDL, which may count the
    clips of the project by their own timecodes. Or Unreadable."""
    form = PurePosixPath(str(file.name)).suffix.lower()
    if file.size > LARGEST:
        raise Unreadable(
            f"The story has {file.size / 1_000_000:.1f} MB; expected at most {LARGEST / 1_000_000:.1f} MB."
        )
    body = file.read()
    if form in TIMELINES:
        return _timeline(body, form, rate)
    text = _text(body, form)
    if form == ".edl":
        cut, remarks = edit_lists.from_first_frames(edl.read(text, Fraction(*rate)), _finder(project))
        shots = [
            Shot(
                source=one_line(shot.name),
                in_us=microseconds(shot.first, cut.rate),
                out_us=microseconds(shot.end, cut.rate),
                note=one_line(shot.note)[:LONGEST_NOTE],
            )
            for shot in cut.shots
        ]
        return Sent(title=one_line(cut.title), shots=tuple(shots), remarks=tuple(remarks))
    if form == ".json":
        return _story(text)
    raise Unreadable(
        _("Expected a story in JSON, an EDL, or a timeline (.otio or Final Cut .xml); choose one of these.")
    )


def _text(body: bytes, form: str) -> str:
    try:
        return body.decode("utf-16" if body.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        if form != ".edl":
            raise Unreadable(_("This is no text, so it is no story.")) from None
        return body.decode("cp1252", errors="replace")  # as editing programs of old wrote names


def _timeline(body: bytes, form: str, rate: tuple[int, int]) -> Sent:
    with tempfile.TemporaryDirectory(prefix="longhaul-story-") as folder:
        path = Path(folder, "story")
        path.write_bytes(body)
        request = {"do": "edl.read", "path": str(path), "form": form, "rate": list(rate)}
        try:
            told = child.run(request, limits=LIMITS)
        except MediaError as error:
            said = "This timeline cannot be read here." if error.code != "unsupported" else error.sentence
            raise Unreadable(said) from error
    shots = [
        Shot(
            source=one_line(each["name"]),
            in_us=each["in_us"],
            out_us=each["out_us"],
            note=one_line(each["note"])[:LONGEST_NOTE],
        )
        for each in told["shots"]
    ]
    return Sent(title=one_line(told["title"]), shots=tuple(shots))


def _story(text: str) -> Sent:
    try:
        story = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This is no JSON: {str(error)[:100]}.") from error
    if not isinstance(story, dict) or not isinstance(story.get("shots"), list):
        raise Unreadable(_("Expected a story with a list of “shots”, each with its “source”, “in” and “out”."))
    title = story.get("title", "")
    return Sent(title=one_line(title) if isinstance(title, str) else "", shots=shots_from(story["shots"]))


def shots_from(wire: object) -> tuple[Shot, ...]:
    """A story's shots as a file or a script has them, in their order. Or Unreadable."""
    if not isinstance(wire, list) or not wire:
        raise Unreadable(_("Expected a list of shots, one at least."))
    if len(wire) > MOST_SHOTS:
        raise Unreadable(f"The story has {len(wire)} shots; expected at most {MOST_SHOTS}.")
    numbered = [(_order(each, number), _shot(each, number)) for number, each in enumerate(wire, 1)]
    return tuple(shot for _, shot in sorted(numbered, key=lambda pair: pair[0]))


def _order(shot: object, number: int) -> float:
    order = shot.get("order", number) if isinstance(shot, Mapping) else number
    if isinstance(order, bool) or not isinstance(order, int | float) or order != order:  # noqa: PLR0124 - not a number
        raise Unreadable(f"Shot {number}: expected “order” to be a number, got {str(order)[:40]!r}.")
    return order


def _shot(shot: object, number: int) -> Shot:
    if not isinstance(shot, Mapping):
        raise Unreadable(f"Shot {number}: expected “source”, “in” and “out”, got {str(shot)[:40]!r}.")
    for name in shot:
        if name not in KNOWN:
            raise Unreadable(f"Shot {number}: expected {', '.join(KNOWN)}, got “{one_line(str(name))[:40]}”.")
    source, note = shot.get("source"), shot.get("note") or ""
    if not isinstance(source, str) or not one_line(source):
        raise Unreadable(f"Shot {number}: expected “source” to name a clip, got {str(source)[:40]!r}.")
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise Unreadable(f"Shot {number}: expected a note of at most {LONGEST_NOTE} letters.")
    start, end = _time(shot.get("in"), number), _time(shot.get("out"), number)
    if end is not None and end <= (start or 0):
        raise Unreadable(
            f"Shot {number}: expected it to end after {timecode.show(start or 0)}, got {timecode.show(end)}."
        )
    return Shot(source=one_line(source), in_us=start or 0, out_us=end, note=one_line(note))


def _time(value: object, number: int) -> int | None:
    """Seconds as a number, or as people type them."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < timecode.LONGEST / US:
            return round(value * US)
        if isinstance(value, str):
            return timecode.parse(value)
    except ValueError as error:
        raise Unreadable(f"Shot {number}: {error}") from error
    raise Unreadable(f"Shot {number}: expected seconds such as 2.5, got {str(value)[:40]!r}.")


# Matching


def clips_of(project: "Project", shots: Sequence[Shot]) -> list[dict[str, Any]]:
    """The project's own clips for these shots, as a plan has them. Or Unreadable, naming those that it has none for."""
    known = _known(project)
    strangers = [shot.source for shot in shots if _key(shot.source, known) is None]
    if strangers:
        names = list(dict.fromkeys(strangers))
        said = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        verb = "is" if len(names) == 1 else "are"
        raise Unreadable(f"{said} {verb} not in the project. Upload {'it' if verb == 'is' else 'them'} first.")
    return [_clip(shot, known[_key(shot.source, known) or ""], number) for number, shot in enumerate(shots, 1)]


def _finder(project: "Project") -> "Callable[[str], Source | None]":
    known = _known(project)
    return lambda name: known.get(_key(name, known) or "")


def _known(project: "Project") -> "dict[str, Source]":
    """By id, by name, and by name without its ending; of two of one name, the newer."""
    found: dict[str, Source] = {}
    sources = list(project.sources.order_by("created_at"))
    for source in sources:
        found[PurePosixPath(_folded(source.name)).stem] = source
    for source in sources:
        found[_folded(source.name)] = source
        found[str(source.pk)] = source
    return found


def _key(name: str, known: "Mapping[str, Source]") -> str | None:
    """An id, a name, the name at the end of a path, or one without its ending."""
    folded = _folded(name)
    last = folded.replace("\\", "/").rpartition("/")[2]
    return next((each for each in (folded, last, PurePosixPath(last).stem) if each in known), None)


def _folded(name: str) -> str:
    """The same for all ways to write it: an accent may be a letter of its own, as a Mac hands on the names of files."""
    return unicodedata.normalize("NFC", one_line(name)).casefold()


def _clip(shot: Shot, source: "Source", number: int) -> dict[str, Any]:
    if source.state == source.State.REFUSED:
        raise Unreadable(f"Shot {number}: {source.name} cannot be used: {source.refusal}")
    if not source.is_footage:
        raise Unreadable(f"Shot {number}: {source.name} is no footage. Choose a clip of the library.")
    length = source.length_us
    if length is not None and shot.in_us >= length:
        raise Unreadable(f"Shot {number}: {source.name} ends at {timecode.show(length)}, before the shot begins.")
    if length is not None and shot.out_us is not None and shot.out_us > length + edit_lists.SLACK:
        ends = timecode.show(length)
        raise Unreadable(
            f"Shot {number}: {source.name} ends at {ends}, before the shot does ({timecode.show(shot.out_us)})."
        )
    return {"source": str(source.pk), "in_us": shot.in_us, "out_us": shot.out_us}


def shots_of(clips: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Planned clips as they are typed."""
    said = [*notes, *[""] * (len(clips) - len(notes))]
    return [
        Shot(source=each["source"], in_us=each["in_us"], out_us=each["out_us"], note=note).as_typed()
        for each, note in zip(clips, said, strict=True)
    ]
