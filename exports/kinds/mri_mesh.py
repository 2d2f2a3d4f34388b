"""mri_mesh: meshes of the tissue classes in a scan. It is kept without the names of people."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from exports.kinds.asking import KindForm, SourceField
from exports.kinds.base import Around, Kind, Unplannable, known
from exports.kinds.footage import told_of
from exports.kinds.scans import MEGA, SCAN, is_slice, megavoxels, series_in, slices_in
from modal_functions import needs
from modal_functions.wire import parts_of_source
from progress.estimate.shapes import Part
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project, Source

SERIES = "series:"  # in place of a source: all slices of one series that were uploaded one by one
LEAST_SLICES = 4
CLASSES = {
    "1": gettext_lazy("One: tissue"),
    "2": gettext_lazy("Two: darker and brighter tissue"),
    "3": gettext_lazy("Three: dark, middle and bright tissue"),
}
SMOOTHINGS = {
    "0": (gettext_lazy("None"), 0.0),
    "1": (gettext_lazy("Some"), 1.0),
    "2": (gettext_lazy("Much, for noisy scans"), 2.0),
}
DETAILS = {
    "light": (gettext_lazy("Light: about 15,000 triangles"), 15_000),
    "standard": (gettext_lazy("Standard: about 60,000"), 60_000),
    "fine": (gettext_lazy("Fine: about 250,000"), 250_000),
}
USUAL = {"scan": "", "classes": "2", "smoothing": "1", "detail": "standard"}
NO_SCAN = gettext_lazy(
    "There is none in the project yet. Upload a NIfTI volume, the slices of a DICOM series or a .zip of them."
)


class ScanField(SourceField):
    """A volume of the project, or a series that was uploaded slice by slice."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Scan"),
            error_messages={"required": gettext_lazy("Expected a scan, got nothing. Upload one first.")},
        )

    def offer(self, project: "Project") -> None:
        scans = project.sources_of(SCAN.key)
        wholes = [(str(source.pk), source.name) for source in scans if not is_slice(source)]
        said = _("Series of %(count)d slices")
        series = [(f"{SERIES}{name}", said % {"count": len(slices)}) for name, slices in series_in(scans).items()]
        self.choices = [*wholes, *series]
        self.help_text = "" if self.choices else NO_SCAN


class ScanForm(KindForm):
    scan = ScanField()
    classes = forms.ChoiceField(
        label=gettext_lazy("Tissue classes"), choices=list(CLASSES.items()), initial=USUAL["classes"]
    )
    smoothing = forms.ChoiceField(
        label=gettext_lazy("Smoothing"),
        choices=[(key, label) for key, (label, _) in SMOOTHINGS.items()],
        initial=USUAL["smoothing"],
    )
    detail = forms.ChoiceField(
        label=gettext_lazy("Detail"),
        choices=[(key, label) for key, (label, _) in DETAILS.items()],
        initial=USUAL["detail"],
    )

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        return dict(spec["asked"])


class MriMesh(Kind):
    key = "mri_mesh"
    label = gettext_noop("Meshes of a scan")
    noun = gettext_noop("Mesh")
    told = gettext_noop(
        "Surfaces of an MRI scan as STL and GLB, from NIfTI or a DICOM series. By threshold segmentation: tissue is"
        " told apart by how bright it is, so it knows no organs."
    )
    caution = gettext_noop(
        "This is not a medical device. It must not be used to find, judge or treat any illness. Names of people are"
        " taken out of every scan as soon as it is here; only writing that is part of the picture cannot be."
    )
    private = True
    several = True
    pieces = gettext_noop("slabs")
    order = 60
    takes = SCAN
    form = ScanForm
    pipeline = register(
        Pipeline(
            name="mri_mesh",
            version=1,
            title=gettext_noop("Processing your MRI..."),
            pausable=True,
            keeps_parts=True,
            stages=(
                Stage(key="upload", label=gettext_noop("Uploading"), start=0, end=10, unit="bytes", seconds=30),
                Stage(
                    key="start",
                    label=gettext_noop("Starting"),
                    start=10,
                    end=11,
                    unit=None,
                    seconds=2,
                    waiting=gettext_noop("Waiting for a machine."),
                ),
                Stage(key="fetch", label=gettext_noop("Fetching the scan"), start=11, end=12, unit="bytes", seconds=2),
                Stage(
                    key="validate",
                    label=gettext_noop("Checking the scan"),
                    start=12,
                    end=15,
                    unit=gettext_noop("slices"),
                    seconds=4,
                ),
                Stage(
                    key="segment",
                    label=gettext_noop("Segmenting"),
                    start=15,
                    end=40,
                    unit=gettext_noop("slices"),
                    seconds=20,
                ),
                Stage(
                    key="meshes",
                    label=gettext_noop("Generating meshes"),
                    start=40,
                    end=85,
                    unit=gettext_noop("slabs"),
                    seconds=40,
                    faster=gettext_noop(
                        "Most of it is making surfaces: fewer tissue classes and more smoothing would help most."
                    ),
                ),
                Stage(
                    key="export",
                    label=gettext_noop("Simplifying and saving"),
                    start=85,
                    end=95,
                    unit=gettext_noop("steps"),
                    seconds=10,
                ),
                Stage(
                    key="finalize",
                    label=gettext_noop("Finishing"),
                    start=95,
                    end=100,
                    unit=gettext_noop("steps"),
                    seconds=1,
                ),
            ),
        )
    )

    def lacks(self) -> str:
        """Also where the work is done elsewhere: what is uploaded is looked at here, and freed of names."""
        return needs.of(self.key).missing_here()

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = USUAL | {name: str(value) for name, value in options.items()}
        known("classes", chosen["classes"], CLASSES)
        known("smoothing", chosen["smoothing"], SMOOTHINGS)
        known("detail", chosen["detail"], DETAILS)
        scans = _chosen(project, chosen["scan"])
        return {"scans": [str(source.pk) for source in scans], "asked": chosen}

    def made_of(self, spec: Mapping[str, Any]) -> set[str]:
        return set(spec["scans"])

    def spec(self, export: "Export") -> dict[str, Any]:
        """Without the names of files: they are often those of patients, and this is put in the store. Its parts
        are kept with the scan, or the first slice of it, and go with that."""
        told = told_of(export, self.sources(export))
        wire, asked = told.as_wire(), export.spec["asked"]
        scans = [told.sources[pk] for pk in export.spec["scans"]]
        volume = {
            "sources": [{"source": source.key, "sha256": source.sha256} for source in scans],
            "slices": slices_in(scans),
            "classes": int(asked["classes"]),
            "smoothing": SMOOTHINGS[asked["smoothing"]][1],
            "triangles": DETAILS[asked["detail"]][1],
        }
        nameless = [{**source, "name": "The scan"} for source in wire["sources"]]
        kept = f"{parts_of_source(str(export.project_id), str(scans[0].pk))}/{told.afresh}".rstrip("/")
        return {**wire, "chunks": kept, "sources": nameless, "volume": volume}

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        known_ones = list(sources)
        levels = (f"kind={self.pipeline.name}", f"machine={around.machine}")
        size, voxels = sum(source.bytes for source in known_ones) / MEGA, megavoxels(known_ones)
        missing = any(source.state == source.State.UPLOADING for source in known_ones)
        network = (levels[0], f"network={around.account}")
        told = {
            "upload": (size if missing else 0.0, network),
            "fetch": (size, levels),
            "validate": (voxels, levels),
            "segment": (voxels, levels),
            "meshes": (voxels * int(spec["asked"]["classes"]), levels),
        }
        parts = []
        for stage in self.pipeline.stages:
            work, shared = told.get(stage.key, (1.0, levels))
            idle = around.idle if stage.key == "start" else None
            parts.append(Part(stage=stage.key, usual=stage.seconds, work=work, levels=shared, idle=idle))
        return tuple(parts)

    def described(self, export: "Export") -> tuple[tuple[str, str], ...]:
        return ()


def _chosen(project: "Project", scan: str) -> "Sequence[Source]":
    scans = project.sources_of(SCAN.key)
    if scan.startswith(SERIES):
        found = series_in(scans).get(scan.removeprefix(SERIES), [])
        if len(found) < LEAST_SLICES:
            said = _("Scan: expected a series of at least %(least)d slices, got %(count)d.")
            raise Unplannable(said % {"least": LEAST_SLICES, "count": len(found)}, option="scan")
        return found
    whole = next((each for each in scans if str(each.pk) == _plain(scan)), None)
    if whole is None:
        raise Unplannable(
            _("Scan: expected one that is in the project and can be used. Upload it, or choose another."), option="scan"
        )
    if is_slice(whole):
        said = _("%(name)s is one slice. Upload the other slices of its series too, then choose the series.")
        raise Unplannable(said % {"name": whole.name}, option="scan")
    return [whole]


def _plain(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


KIND = MriMesh()
