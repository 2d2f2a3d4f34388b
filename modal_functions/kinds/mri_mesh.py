"""mri_mesh: meshes of the tissue classes in a scan, by threshold segmentation. It finds no organs, and says so.

The volume is worked on in slabs; each that is segmented, and each piece of a surface, is kept."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modal_functions.batches import Batch
from modal_functions.media import child
from modal_functions.needs import HOUR, Image, Limits, Needs
from modal_functions.parts import Parts, fetched
from modal_functions.runtime import Context, Failed
from modal_functions.volume import work as steps
from modal_functions.volume.sizes import Shape, Slab, slabs

SCANS = Image(
    name="scans",
    libraries=(
        *("numpy", "scipy", "nibabel", "pydicom", "fast-simplification", "pillow"),
        *("importlib-resources", "packaging", "typing-extensions"),
    ),
    modules=("numpy", "scipy", "nibabel", "pydicom", "fast_simplification", "PIL"),
)
NEEDS = Needs(image=SCANS, conducting=Limits(cpu=(2.0, 8.0), memory=8192, timeout=12 * HOUR))
MAKER = "1"  # of what is kept; another one makes all of it anew
MOST_CLASSES = 3
SMOOTHINGS = (0.0, 2.0)
LEAST_AT_ONCE, MOST_AT_ONCE = 4, 16  # slabs that one child is given: beginning one takes a while
BRIGHTNESS = {1: ("",), 2: ("darker", "brighter"), 3: ("dark", "middle", "bright")}


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One export on its way."""

    context: Context
    parts: Parts
    key: str  # names what is kept of it
    raw: Path
    shape: Shape
    affine: list[list[float]]
    thresholds: list[float]

    @property
    def slabs(self) -> list[Slab]:
        return slabs(self.shape)

    @property
    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = self.context.spec["volume"]
        return asked

    def piece(self, slab: Slab) -> str:
        return f"{self.key}-s{slab.number:04}.npz"

    def surface(self, label: int, slab: Slab) -> str:
        return f"{self.key}-m{label}-{slab.number:04}.npz"


def work(context: Context) -> dict[str, Any]:
    context.report.stage("start")
    asked = _checked(context.spec.get("volume"))
    sources = fetched(context, here=True)
    scan = _validated(context, asked, sources)
    segmented = _segmented(scan)
    voxels = _joined(scan)
    labels = [label for label, count in enumerate(voxels, 1) if count]
    if not labels:
        raise Failed("unsupported", "No tissue stands out from the background of this scan. Use less smoothing.")
    meshed = _meshed(scan, labels)
    results = _finished(scan, labels)
    return context.several(
        results, rendered=segmented + meshed, chunks=len(scan.slabs) * (1 + len(labels)), shape=list(scan.shape)
    )


def _checked(asked: Any) -> dict[str, Any]:
    try:
        classes, smoothing, triangles = int(asked["classes"]), float(asked["smoothing"]), int(asked["triangles"])
        known = 1 <= classes <= MOST_CLASSES and SMOOTHINGS[0] <= smoothing <= SMOOTHINGS[1] and triangles >= 100
        if known and asked["sources"]:
            return {**asked, "classes": classes, "smoothing": smoothing, "triangles": triangles}
    except (KeyError, TypeError, ValueError):
        pass
    raise Failed(
        "unsupported", "This export cannot be made as it was asked for: what is wished of the scan is unclear."
    )


# Stages


def _validated(context: Context, asked: dict[str, Any], sources: dict[str, Path]) -> Scan:
    """The stage `validate`: everything is read once, and refused here if it cannot be worked on."""
    parts = Parts(context=replace(context, fan=None), sources=sources, called=lambda key: "the scan")
    paths = [str(sources[each["source"]]) for each in asked["sources"]]
    context.report.stage("validate", total=asked["slices"], unit="slices")
    raw = context.folder / "volume.raw"
    found = child.run(
        {
            "do": "mri_mesh.prepare",
            "paths": paths,
            "to": str(raw),
            "classes": asked["classes"],
            "workers": parts.workers,
        },
        lambda progress: context.report.units(progress["slices"]),
        start=context.start,
    )
    wide, high, deep = found["shape"]
    context.report.units(deep, deep)
    made_of = [MAKER, [each["sha256"] for each in asked["sources"]], asked["classes"], asked["smoothing"]]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
    return Scan(
        context=context,
        parts=parts,
        key=key,
        raw=raw,
        shape=(wide, high, deep),
        affine=found["affine"],
        thresholds=found["thresholds"],
    )


def _segmented(scan: Scan) -> int:
    """The stage `segment`; returns how many slabs were not kept before."""
    scan.context.report.stage("segment", total=scan.shape[2], unit="slices")
    there = scan.parts.there([scan.piece(slab) for slab in scan.slabs])
    missing = [slab for slab in scan.slabs if scan.piece(slab) not in there]
    batches = [_segmenting(scan, run) for run in _runs(missing, scan.parts.workers)]
    scan.parts.make(batches, done=scan.shape[2] - sum(slab.stop - slab.start for slab in missing))
    return len(missing)


def _segmenting(scan: Scan, run: Sequence[Slab]) -> Batch:
    request = {
        "do": "mri_mesh.segment",
        "raw": str(scan.raw),
        "shape": scan.shape,
        "slabs": [[slab.number, scan.piece(slab)] for slab in run],
        "thresholds": scan.thresholds,
        "smoothing": scan.asked["smoothing"],
        "units": sum(slab.stop - slab.start for slab in run),
    }
    return _batch(scan, request, [scan.piece(slab) for slab in run])


def _joined(scan: Scan) -> list[int]:
    """Which pieces hang together across slabs is known only with all of them. The voxels of each label."""
    names = [scan.piece(slab) for slab in scan.slabs]
    paths = [str(path) for path in scan.parts.all_at_hand(names)]
    request = {"do": "mri_mesh.join", "paths": paths, "classes": int(scan.asked["classes"]), "to": str(_labels(scan))}
    with scan.parts.reading(names):
        voxels: list[int] = child.run(request, start=scan.context.start)["voxels"]
    return voxels


def _meshed(scan: Scan, labels: Sequence[int]) -> int:
    """The stage `meshes`; returns how many surfaces were not kept before."""
    wished = [(label, slab) for label in labels for slab in scan.slabs]
    scan.context.report.stage("meshes", total=len(wished), unit="slabs")
    there = scan.parts.there([scan.surface(*each) for each in wished])
    missing = [each for each in wished if scan.surface(*each) not in there]
    batches = [_meshing(scan, run) for run in _runs(missing, scan.parts.workers)]
    with scan.parts.reading([scan.piece(slab) for slab in scan.slabs]):
        scan.parts.make(batches, done=len(wished) - len(missing))
    return len(missing)


def _meshing(scan: Scan, run: Sequence[tuple[int, Slab]]) -> Batch:
    names = [scan.surface(*each) for each in run]
    request = {
        "do": "mri_mesh.mesh",
        "shape": scan.shape,
        "surfaces": [[label, slab.number, name] for (label, slab), name in zip(run, names, strict=True)],
        "labels": str(_labels(scan)),
        "pieces": [str(path) for path in scan.parts.all_at_hand([scan.piece(slab) for slab in scan.slabs])],
        "units": len(run),
    }
    return _batch(scan, request, names)


def _finished(scan: Scan, labels: Sequence[int]) -> list[dict[str, Any]]:
    """The stage `export`: of each label three files, to be had as soon as they are there."""
    report, results = scan.context.report, list[dict[str, Any]]()
    report.stage("export", total=steps.STEPS * len(labels), unit="steps")
    request = {
        "do": "mri_mesh.finish",
        "labels": [{"label": label, "name": f"class-{label}", "paths": _surfaces(scan, label)} for label in labels],
        "affine": scan.affine,
        "triangles": scan.asked["triangles"],
        "folder": str(scan.context.folder),
    }

    def hear(said: dict[str, Any]) -> None:
        if "ready" in said:
            results.extend(_ready(scan, said["ready"], said["facts"]))
        report.units(said["steps"])
        scan.context.border()

    with scan.parts.reading([scan.surface(label, slab) for label in labels for slab in scan.slabs]):
        child.run(request, hear, start=scan.context.start)
    if not results:
        raise Failed("unsupported", "The tissue in this scan is too thin for a surface. Ask for fewer classes.")
    return results


def _surfaces(scan: Scan, label: int) -> list[str]:
    return [str(path) for path in scan.parts.all_at_hand([scan.surface(label, slab) for slab in scan.slabs])]


def _ready(scan: Scan, label: int, facts: dict[str, Any]) -> list[dict[str, Any]]:
    title = _title(label, scan.asked["classes"])
    closed = "watertight" if facts["watertight"] else "not watertight"
    told = f"{facts['triangles']:,} triangles, {closed}"
    kinds = (("png", f"{title}: picture", {"picture": True}), ("stl", f"{title}: STL, {told}", facts))
    found = []
    for place, (ending, said, known) in enumerate((*kinds, ("glb", f"{title}: GLB, {told}", facts)), 3 * label - 2):
        file = scan.context.folder / f"class-{label}.{ending}"
        found.append(scan.context.ready(file, place=place, name=file.name, label=said, **known))
    return found


def _title(label: int, classes: int) -> str:
    brightness = BRIGHTNESS[classes][label - 1]
    return f"Tissue class {label}{f', {brightness}' if brightness else ''}"


def _labels(scan: Scan) -> Path:
    return scan.context.folder / "labels.npz"


def _batch(scan: Scan, request: dict[str, Any], names: Sequence[str]) -> Batch:
    return scan.parts.batch(scan.asked["sources"][0]["source"], request, names)


def _runs(missing: Sequence[Any], workers: int) -> list[Any]:
    """Neighbours together, and so many that every worker has its share until the end."""
    size = max(LEAST_AT_ONCE, min(MOST_AT_ONCE, math.ceil(len(missing) / workers)))
    return [missing[at : at + size] for at in range(0, len(missing), size)]


# In the child processes

VERBS = {
    "look": steps.look,
    "prepare": steps.prepare,
    "segment": steps.segment,
    "join": steps.join,
    "mesh": steps.mesh,
    "finish": steps.finish,
}
