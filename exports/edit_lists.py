"""EDLs that people bring: each of their clips found, and counted from its first frame, whichever way the list does."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import timecode
from modal_functions.editing.cut import Cut, Shot, Unreadable, microseconds, one_line
from modal_functions.editing.timecode import Counting, Own

if TYPE_CHECKING:
    from collections.abc import Callable

    from exports.models import Source

SLACK = timecode.US // 10  # by which a shot may go on for longer than its clip


def from_first_frames(cut: Cut, find: "Callable[[str], Source | None]") -> tuple[Cut, list[str]]:
    """And what whoever brought it is to be told: what was left out, and how it was taken. Or Unreadable."""
    remarks, shots = _left_out(cut.unheard), [_as_known(shot, find) for shot in cut.shots]
    of_clip: dict[str, tuple[Source, list[int]]] = {}
    for place, shot in enumerate(shots):
        if (source := find(one_line(shot.name))) is not None:
            of_clip.setdefault(str(source.pk), (source, []))[1].append(place)
    for source, places in of_clip.values():
        counted, remark = _counted([shots[place] for place in places], source, cut.counting)
        remarks += [remark] * bool(remark)
        for place, shot in zip(places, counted, strict=True):
            shots[place] = shot
    return replace(cut, shots=tuple(shots)), remarks


def _left_out(events: int) -> list[str]:
    said = ngettext(
        "An event with sound only of the EDL is left out: each shot keeps the sound of its own clip.",
        "%(events)d events with sound only of the EDL are left out: each shot keeps the sound of its own clip.",
        events,
    )
    return [said % {"events": events}] if events else []


def _as_known(shot: Shot, find: "Callable[[str], Source | None]") -> Shot:
    """By the name of its file, where the project has no clip of its name: in other programs a clip may be renamed."""
    is_file = shot.file and find(one_line(shot.name)) is None and find(one_line(shot.file)) is not None
    return replace(shot, name=shot.file) if is_file else shot


def _counted(shots: list[Shot], source: "Source", counting: Counting) -> tuple[list[Shot], str]:
    """In the way by which most of these shots of one clip lie in it; its own timecode before its beginning."""
    own, length, rate = Own.from_wire(source.facts.get("timecode")), source.length_us, counting.rate
    if length is None:
        return shots, ""

    def fits(way: list[Shot]) -> int:
        return sum(_lies_in(shot, length, rate) for shot in way)

    if own is None:
        if not fits(shots):
            _check_untold(shots[0], source, counting)
        return shots, ""
    ways = [
        [replace(shot, first=(shot.first - begin) % there.day) for shot in shots] for begin, there in own.begins(rate)
    ]
    taken = max([*ways, shots], key=fits)
    said = _("The places in %(name)s are taken as its camera counted them, from %(begin)s on. They would fit as places"
             " from its beginning too.")  # fmt: skip
    is_either = taken != shots and fits(taken) == fits(shots)
    return taken, said % {"name": source.name, "begin": own.begin} if is_either else ""


def _check_untold(shot: Shot, source: "Source", counting: Counting) -> None:
    """What begins behind the end of its clip is mostly counted as its camera did."""
    length = source.length_us or 0
    if microseconds(shot.first, counting.rate) < length:
        return
    own = counting if shot.drop is None else replace(counting, drop=shot.drop)
    said = _("%(name)s is %(length)s long, and the EDL takes it from %(from)s on. No timecode of it is known"
             " here, so this place cannot be found: count the clip from 00:00:00:00 in the EDL.")  # fmt: skip
    told = {"name": source.name, "length": timecode.show(length), "from": own.show(shot.first)}
    raise Unreadable(said % told)


def _lies_in(shot: Shot, length: int, rate: Fraction) -> bool:
    return microseconds(shot.first, rate) < length and microseconds(shot.end, rate) <= length + SLACK
