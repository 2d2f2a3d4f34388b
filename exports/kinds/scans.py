"""What a scan is: how its file begins, what is said of it, and which slices are one series."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from exports.kinds.sorts import Sort

if TYPE_CHECKING:
    from exports.models import Source

MEGA = 1e6
NIFTI = {(348).to_bytes(4, "little"), (348).to_bytes(4, "big"), (540).to_bytes(4, "little"), (540).to_bytes(4, "big")}


def begins(beginning: bytes) -> bool:
    """NIfTI, DICOM, or packed as one of them may be; what it really is, is found out in a child."""
    packed = beginning.startswith((b"\x1f\x8b", b"PK\x03\x04"))
    return packed or beginning[:4] in NIFTI or beginning[128:132] == b"DICM"


def said(facts: Mapping[str, Any]) -> str:
    wide, high, deep = facts.get("shape") or (0, 0, 0)
    if not wide:
        return ""
    if "series" in facts:
        return _("%(size)s, a slice of a series") % {"size": f"{wide} × {high}"}
    spacing = " × ".join(f"{each:g}" for each in facts["spacing"])
    return _("%(size)s voxels of %(spacing)s mm") % {"size": f"{wide} × {high} × {deep}", "spacing": spacing}


SCAN = Sort(
    key="scan",
    label="Scan",
    accept=(".nii", ".nii.gz", ".dcm", ".zip", ".gz"),
    begins=begins,
    look="mri_mesh.look",
    private=True,
    said=said,
)


def is_slice(source: "Source") -> bool:
    """Also before it was looked at: a .dcm is nearly always one slice."""
    return "series" in source.facts if source.usable else source.name.lower().endswith(".dcm")


def series_in(scans: "Iterable[Source]") -> "dict[str, list[Source]]":
    """Slices that were looked at, by the series that they belong to; always in the same order."""
    found: dict[str, list[Source]] = {}
    for source in sorted(scans, key=lambda each: (each.created_at, str(each.pk))):
        if source.usable and "series" in source.facts:
            found.setdefault(source.facts["series"], []).append(source)
    return found


def slices_in(scans: "Sequence[Source]") -> int:
    return sum((source.facts.get("shape") or (1, 1, 1))[2] for source in scans)


def megavoxels(scans: "Iterable[Source]") -> float:
    total = 0
    for source in scans:
        wide, high, deep = source.facts.get("shape") or (0, 0, 0)
        total += wide * high * deep or source.bytes // 2
    return total / MEGA
