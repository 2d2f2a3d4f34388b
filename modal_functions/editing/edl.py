"""CMX 3600: the edit list that every editing program reads. Written here, and read, one event a shot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from modal_functions.editing.cut import MOST_SHOTS, Cut, Shot, Unreadable, one_line, reels
from modal_functions.editing.timecode import BEGIN, DROPPING, Counting, can_drop

PICTURE = re.compile(r"B|V1?(?:/?A[A0-9]*)?|A[A0-9]*/?V1?")
LONGEST_TITLE = 70
TIME = re.compile(r"[0-9]{2}[:;][0-9]{2}[:;][0-9]{2}[:;.,][0-9]{2}")
NUMBER, LENGTH = re.compile(r"[0-9]{1,6}"), re.compile(r"[0-9]{1,4}")  # of an event; of what leads to it
SAME_SPEED = 0.1  # frames a second: 29.97 stands there as 30
FROM = re.compile(r"\*\s*FROM CLIP(?: NAME)?\s*:\s*(.+)", re.IGNORECASE)
FILE = re.compile(r"\*\s*SOURCE FILE(?: NAME| PATH)?\s*:(?!\s*\(NULL\))(.+)", re.IGNORECASE)
NOTE = re.compile(r"\*\s*(?:COMMENT|NOTE)\s*:\s*(.+)", re.IGNORECASE)
DROPS = {"DROP FRAME": True, "NON-DROP FRAME": False}


# Writing


def written(cut: Cut) -> str:
    return "\n".join(_lines(cut)) + "\n"


def _lines(cut: Cut) -> Iterator[str]:
    counting = cut.counting
    yield f"TITLE: {one_line(cut.title)[:LONGEST_TITLE] or 'Untitled'}"
    yield f"FCM: {'DROP FRAME' if counting.drop else 'NON-DROP FRAME'}"
    yield ""
    record = counting.parse(BEGIN)
    for number, (shot, reel) in enumerate(zip(cut.shots, reels(cut.shots), strict=True), 1):
        own = counting if shot.drop is None else replace(counting, drop=shot.drop)
        times = [own.show(shot.first), own.show(shot.end), counting.show(record), counting.show(record + shot.frames)]
        channels = "B    " if shot.sound else "V    "
        yield f"{number:03d}  {reel:<8} {channels} C        {' '.join(times)}"
        yield f"* FROM CLIP NAME: {one_line(shot.name)}"
        if shot.note:
            yield f"* COMMENT: {one_line(shot.note)}"
        record += shot.frames


# Reading


@dataclass
class _Event:
    """As it stands in the file, with what is told of it in the lines below."""

    number: str
    reel: str
    channels: str
    times: tuple[int, int, int, int]
    counting: Counting  # of the film
    own: Counting  # of its reel
    name: str = ""
    file: str = ""
    note: str = ""

    @property
    def clip(self) -> tuple[str, int, int]:
        """Which part of which clip it is."""
        return self.name or self.file or self.reel, self.times[0], self.times[1]

    @property
    def is_nothing(self) -> bool:
        """As what a dissolve begins with: it stands for a moment."""
        first, last, begin, end = self.times
        return first == last and begin == end


@dataclass(kw_only=True)
class _Found:
    """`film_drops` is how the film is counted, which stands first; `drops` how the reels of the next events are. Where
    the list is `marked`, each time says so itself, and goes before that."""

    rate: Fraction
    marked: bool
    title: str = ""
    film_drops: bool | None = None
    drops: bool = False
    events: list[_Event] = field(default_factory=list)

    def counting(self, time: str, *, drops: bool | None) -> Counting:
        return _counting(self.rate, bool(DROPPING.search(time) if self.marked else drops))


def read(text: str, rate: Fraction) -> Cut:
    """An edit list does not say how many frames a second has, so `rate` does. Unreadable, with the event."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    found = _Found(rate=rate, marked=can_drop(rate) and any(map(_is_marked, lines)))
    for line in lines:
        _understand(line, found)
    seen = [event for event in found.events if _has_picture(event)]
    if not seen:
        raise Unreadable("There is no event with a picture in this EDL.")
    if len(seen) > MOST_SHOTS:
        raise Unreadable(f"The EDL has {len(seen)} events; expected at most {MOST_SHOTS}.")
    _check_order(seen)
    shots = tuple(_shot(event) for event in seen)
    heard = [event.clip for event in found.events if _is_sound(event)]
    shown = {event.clip for event in seen}
    return Cut(
        title=found.title,
        counting=seen[0].counting,
        shots=_with_sound(shots, set(heard)),
        unheard=sum(clip not in shown for clip in heard),
    )


def _is_marked(line: str) -> bool:
    return line[:1].isdigit() and any(TIME.fullmatch(word) and DROPPING.search(word) for word in line.split()[-4:])


def _understand(line: str, found: _Found) -> None:
    if line.startswith("TITLE:"):
        found.title = line.removeprefix("TITLE:").strip()
    elif line.startswith("FCM:"):
        found.drops = DROPS.get(line.removeprefix("FCM:").strip(), found.drops)
        found.film_drops = found.drops if found.film_drops is None else found.film_drops
    elif line.startswith("M2 ") and not _is_same_speed(line, found.rate):
        raise Unreadable(f"Event {_last(found)} changes its speed, which cannot be made here. Render it first.")
    elif line.startswith("*"):
        _remark(line, found)
    elif line[:1].isdigit():
        found.events.append(_event(line, found))


def _is_same_speed(line: str, rate: Fraction) -> bool:
    """Its frames a second stand before the time."""
    try:
        return abs(float(line.split()[-2]) - float(rate)) < SAME_SPEED
    except (ValueError, IndexError):
        return False


def _remark(line: str, found: _Found) -> None:
    if not found.events:
        return
    event = found.events[-1]
    if told := FROM.fullmatch(line):
        event.name = told[1].strip()
    elif told := FILE.fullmatch(line):
        event.file = told[1].strip()
    elif told := NOTE.fullmatch(line):
        event.note = f"{event.note} {told[1].strip()}".strip()


def _event(line: str, found: _Found) -> _Event:
    number, *words = line.split()
    told, written = words[:-4], words[-4:]
    if len(told) > 3 and LENGTH.fullmatch(told[-1]):
        told.pop()
    if len(told) < 3 or not NUMBER.fullmatch(number) or not all(map(TIME.fullmatch, written)):
        raise Unreadable(f"Expected an event with four timecodes, got “{line[:60]}”.")
    *reel, channels, how = told
    reels, film = found.counting(written[0], drops=found.drops), found.counting(written[2], drops=found.film_drops)
    try:
        first, last, begin, end = (
            counting.parse(each) for counting, each in zip((reels, reels, film, film), written, strict=True)
        )
    except ValueError as error:
        raise Unreadable(f"Event {number}: {error}") from error
    if how != "C":
        raise Unreadable(f"Event {number} is no cut but “{how}”; expected cuts only. Render dissolves and wipes first.")
    if last < first and last + reels.day - first == end - begin:  # midnight lies in it
        last += reels.day
    event = _Event(
        number=number,
        reel=" ".join(reel),
        channels=channels.upper(),
        times=(first, last, begin, end),
        counting=film,
        own=reels,
    )
    if _has_picture(event):
        _check_event(event)
    elif "V" in event.channels and not event.is_nothing:
        raise Unreadable(f"Event {number} lies on a second picture track, {channels}; expected one track.")
    return event


def _check_event(event: _Event) -> None:
    first, last, begin, end = event.times
    if event.reel.upper() == "BL":
        raise Unreadable(f"Event {event.number} is black; expected a clip. Put one there, or close the gap.")
    if last <= first:
        raise Unreadable(f"Event {event.number}: expected its source to end after it begins.")
    if last - first != end - begin:
        raise Unreadable(
            f"Event {event.number} takes {last - first} frames of its source for {end - begin} of the film:"
            " it changes its speed, which cannot be made here. Render it first."
        )


def _check_order(seen: list[_Event]) -> None:
    seen.sort(key=lambda event: event.times[2])
    record = seen[0].times[2]
    for event in seen:
        if event.times[2] != record:
            what = "a gap before it" if event.times[2] > record else "a part of the film that is taken already"
            raise Unreadable(f"Event {event.number} has {what}; expected shots that follow each other.")
        record = event.times[3]


def _shot(event: _Event) -> Shot:
    first, last, *_ = event.times
    sound = event.channels not in ("V", "V1")
    drop = None if event.own == event.counting else event.own.drop
    name, *_ = event.clip
    return Shot(name=name, first=first, frames=last - first, note=event.note, sound=sound, drop=drop, file=event.file)


def _with_sound(shots: tuple[Shot, ...], heard: set[tuple[str, int, int]]) -> tuple[Shot, ...]:
    """Sound that stands in events of its own belongs to the shot of the same moment and clip."""
    return tuple(replace(shot, sound=shot.sound or (shot.name, shot.first, shot.end) in heard) for shot in shots)


def _is_sound(event: _Event) -> bool:
    return event.channels.startswith("A") and "V" not in event.channels and not event.is_nothing


def _has_picture(event: _Event) -> bool:
    return bool(PICTURE.fullmatch(event.channels)) and not event.is_nothing


def _counting(rate: Fraction, drop: bool) -> Counting:
    try:
        return Counting(rate=rate, drop=drop)
    except ValueError as error:
        raise Unreadable(f"{error} Choose the rate at which the EDL was made.") from error


def _last(found: _Found) -> str:
    return found.events[-1].number if found.events else "1"
