# ruff: noqa: PLC0415 - OpenTimelineIO is imported only where it is used
"""Stories as other editing programs exchange them, through OpenTimelineIO: its own files, and Final Cut's XML, which
Premiere and Resolve read too."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from modal_functions.editing.cut import MOST_SHOTS, Cut, Shot, Unreadable, one_line, reels
from modal_functions.editing.timecode import BEGIN, Counting

if TYPE_CHECKING:
    from opentimelineio.schema import Clip, Timeline, Track

ADAPTERS = {".otio": "otio_json", ".xml": "fcp_xml"}
NOTE = "note"
AS_FILMED = {"speed": "100", "reverse": "FALSE", "variablespeed": "0"}  # of Final Cut's Time Remap


# Writing


def written(cut: Cut, form: str, lengths: Mapping[str, int]) -> str:
    """`form` is the suffix of the file, `lengths` says how many frames each clip has."""
    import opentimelineio as otio

    text: str = otio.adapters.write_to_string(_timeline(cut, lengths), ADAPTERS[form])
    return text


def _timeline(cut: Cut, lengths: Mapping[str, int]) -> "Timeline":
    import opentimelineio as otio

    begin = _time(cut.counting.parse(BEGIN), cut.rate)
    timeline = otio.schema.Timeline(one_line(cut.title) or "Untitled", global_start_time=begin)
    placed = _placed(cut, lengths)
    timeline.tracks.append(_track("V1", otio.schema.TrackKind.Video, [_item(each, cut.rate, "V1") for each in placed]))
    if any(shot.sound for shot in cut.shots):
        heard = [_item(each, cut.rate, "A1") if each.shot.sound else _gap(each.shot, cut.rate) for each in placed]
        timeline.tracks.append(_track("A1", otio.schema.TrackKind.Audio, heard))
    return timeline


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A shot, its number in the story, and what is told of its clip: one address is one clip."""

    number: int
    shot: Shot
    reel: str
    address: str
    length: int


def _placed(cut: Cut, lengths: Mapping[str, int]) -> list[_Placed]:
    """A clip's address is its name, and where another has that too, in a folder called like its reel."""
    sharing = Counter(name for name, _ in {(shot.name, shot.clip) for shot in cut.shots})
    return [
        _Placed(
            number=number,
            shot=shot,
            reel=reel,
            address=(f"{reel}/" if sharing[shot.name] > 1 else "") + quote(shot.name, safe=""),
            length=max(shot.end, lengths.get(shot.clip, 0)),
        )
        for number, (shot, reel) in enumerate(zip(cut.shots, reels(cut.shots), strict=True), 1)
    ]


def _track(name: str, kind: str, items: list[Any]) -> "Track":
    import opentimelineio as otio

    track = otio.schema.Track(name, kind=kind)
    track.extend(items)
    return track


def _item(placed: _Placed, rate: Fraction, track: str) -> "Clip":
    """Each says where it stands: Final Cut's adapter writes two that are the same as one, in one place."""
    import opentimelineio as otio

    shot = placed.shot
    whole = otio.opentime.TimeRange(_time(0, rate), _time(placed.length, rate))
    media = otio.schema.ExternalReference(placed.address, whole)
    media.name = shot.name
    own: dict[str, Any] = {"shot": placed.number, "track": track} | ({NOTE: shot.note} if shot.note else {})
    metadata = {"cmx_3600": {"reel": placed.reel}, "longhaul": own}
    return otio.schema.Clip(shot.name, media, _range(shot, rate), metadata)


def _gap(shot: Shot, rate: Fraction) -> Any:
    import opentimelineio as otio

    return otio.schema.Gap(duration=_time(shot.frames, rate))


def _range(shot: Shot, rate: Fraction) -> Any:
    import opentimelineio as otio

    return otio.opentime.TimeRange(_time(shot.first, rate), _time(shot.frames, rate))


def _time(frame: int, rate: Fraction) -> Any:
    import opentimelineio as otio

    return otio.opentime.RationalTime(frame, float(rate))


# Reading


def read(text: str, form: str, rate: Fraction) -> Cut:
    """The first picture track, counted at `rate`. Unreadable, with the shot in question."""
    import opentimelineio as otio

    try:
        found = otio.adapters.read_from_string(text, ADAPTERS[form])
    except Exception as error:  # the library and its adapters raise whatever they meet
        raise Unreadable("This is no timeline that can be read here.") from error
    timeline = found if isinstance(found, otio.schema.Timeline) else _only_timeline(found)
    items = [item for track in _pictures(timeline) for item in track]
    if not items:
        raise Unreadable("There is no shot in this timeline.")
    if len(items) > MOST_SHOTS:
        raise Unreadable(f"The timeline has {len(items)} shots; expected at most {MOST_SHOTS}.")
    shots = tuple(_shot(number, item, rate) for number, item in enumerate(items, 1))
    return Cut(title=one_line(timeline.name), counting=Counting(rate=rate), shots=shots)


def _only_timeline(found: Any) -> "Timeline":
    import opentimelineio as otio

    if isinstance(found, otio.schema.SerializableCollection):
        inside = [each for each in found if isinstance(each, otio.schema.Timeline)]
        if len(inside) == 1:
            return inside[0]
        raise Unreadable(f"There are {len(inside)} timelines in this file; expected one.")
    raise Unreadable("There is no timeline in this file.")


def _pictures(timeline: "Timeline") -> "list[Track]":
    tracks = [track for track in timeline.video_tracks() if len(track) and not _is_off(track)]
    if len(tracks) > 1:
        raise Unreadable(f"The timeline has {len(tracks)} picture tracks; expected one. Put all shots on one.")
    return tracks


def _shot(number: int, item: Any, rate: Fraction) -> Shot:
    import opentimelineio as otio

    if isinstance(item, otio.schema.Transition):
        raise Unreadable(f"Item {number} is a transition; expected cuts only. Render it first.")
    if isinstance(item, otio.schema.Gap):
        raise Unreadable(f"Item {number} is a gap; expected shots that follow each other.")
    if not isinstance(item, otio.schema.Clip):
        raise Unreadable(f"Item {number} is a timeline of its own; expected clips only.")
    if _is_off(item):
        raise Unreadable(f"Item {number} is switched off; expected shots that follow each other. Take it out.")
    if any(map(_changes_speed, item.effects)):
        raise Unreadable(f"Item {number} changes its speed, which cannot be made here. Render it first.")
    try:
        span = item.trimmed_range()
        media = item.available_range() if _has_range(item) else None
    except otio.exceptions.OTIOError as error:
        raise Unreadable(f"Item {number} does not say which part of its clip it is.") from error
    offset = media.start_time if media is not None else otio.opentime.RationalTime(0, span.start_time.rate)
    first, frames = _frames(span.start_time - offset, rate), _frames(span.duration, rate)
    if first < 0 or frames < 1:
        raise Unreadable(f"Item {number}: expected a part inside its clip.")
    return Shot(name=_name(item), first=first, frames=frames, note=_note(item))


def _is_off(item: Any) -> bool:
    """Final Cut's adapter only hands on what is said of it."""
    return not item.enabled or _of_final_cut(item).get("enabled") == "FALSE"


def _changes_speed(effect: Any) -> bool:
    """Of Final Cut's it may be one among many others."""
    import opentimelineio as otio

    told = _of_final_cut(effect)
    if told.get("effectid") != "timeremap":
        is_change = isinstance(effect, otio.schema.TimeEffect)
        return is_change and getattr(effect, "time_scalar", None) != 1
    found = told.get("parameter", [])
    values = {each.get("parameterid"): each.get("value") for each in ([found] if hasattr(found, "get") else found)}
    return any(str(values.get(name, value)).removesuffix(".0") != value for name, value in AS_FILMED.items())


def _of_final_cut(item: Any) -> Any:
    told: Any = item.metadata.get("fcp_xml", {})
    return told if hasattr(told, "get") else {}


def _has_range(item: "Clip") -> bool:
    return item.media_reference is not None and item.media_reference.available_range is not None


def _frames(time: Any, rate: Fraction) -> int:
    seconds: float = time.to_seconds()
    return round(seconds * rate)


def _name(item: "Clip") -> str:
    """What the file is called, where the timeline says; else what the shot is."""
    address = getattr(item.media_reference, "target_url", "") or ""
    return PurePosixPath(unquote(urlsplit(address).path)).name or item.name or ""


def _note(item: "Clip") -> str:
    told: Any = item.metadata.get("longhaul", {})
    said = told.get(NOTE, "") if hasattr(told, "get") else ""
    comments: Any = item.metadata.get("cmx_3600", {})
    more = list(comments.get("comments", [])) if hasattr(comments, "get") else []
    return one_line(str(said) or " ".join(str(each) for each in more))
