"""What is refused of an upload's parts, each in a sentence that names the part and what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from exports.limits import Refused
from exports.models import Source
from exports.parts import Part


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A part as the page names it when it says that all are there."""

    number: int
    tag: str


def check_open(source: Source) -> None:
    if source.state == Source.State.REFUSED:
        raise unusable(source, source.refusal)
    if source.state != Source.State.UPLOADING:
        said = _("%(name)s is uploaded already; no more parts are expected.")
        raise Refused(said % {"name": source.name})


def check_complete(source: Source, found: Sequence[Part], listed: Sequence[Listed]) -> None:
    numbers = [part.number for part in found]
    missing = next((number for number in range(1, len(found) + 1) if number not in numbers), None)
    if missing is not None:
        said = _("Part %(number)d of %(name)s is missing. Send it, then complete the upload.")
        raise Refused(said % {"number": missing, "name": source.name})
    came = sum(part.bytes for part in found)
    if came != source.bytes:
        said = _("%(name)s is not whole: expected %(all)s bytes, got %(came)s.")
        raise Refused(said % {"name": source.name, "all": f"{source.bytes:,}", "came": f"{came:,}"})
    told, there = {each.number: each.tag for each in listed}, {part.number: part.tag for part in found}
    other = next((number for number in sorted(told | there) if told.get(number) != there.get(number)), None)
    if other is not None:
        said = _("Part %(number)d of %(name)s is not the one that is listed. List the parts, then try again.")
        raise Refused(said % {"number": other, "name": source.name})


def unusable(source: Source, why: str, status: int = 409) -> Refused:
    """`why` is as it was kept."""
    said = _("%(name)s cannot be used: %(why)s")
    return Refused(said % {"name": source.name, "why": why}, status)


def wrong_length(source: Source, number: int, length: int, most: int) -> Refused:
    said = _("Part %(number)d of %(name)s has %(bytes)s bytes; expected 1 to %(most)s, as %(all)s were announced.")
    told = {"number": number, "name": source.name, "bytes": f"{length:,}", "most": f"{max(most, 0):,}"}
    return Refused(said % {**told, "all": f"{source.bytes:,}"}, 413 if length > most else 400)
