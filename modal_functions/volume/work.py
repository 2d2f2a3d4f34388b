# ruff: noqa: PLC0415 - numpy is imported only where it is used
"""What children do for meshes of a volume: the steps between a scan and its files. Each slab that is done is said."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.entry import Say
from modal_functions.media.errors import MediaError
from modal_functions.media.verbs import counting
from modal_functions.volume import files, kept, looking, portrait, threshold
from modal_functions.volume.mesh import joined, simplified, smoothed
from modal_functions.volume.sizes import Shape, check_room, room_here, slabs
from modal_functions.volume.surface import REACH, Surface, planes_of, surface

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Wire = dict[str, Any]
STEPS = 5  # from the surfaces of a label to its files
COLOURS = ((214, 190, 170), (232, 226, 212), (196, 108, 92))


def look(request: Wire, _: Say) -> Wire:
    return looking.look(Path(request["path"]), Path(request["to"]))


def prepare(request: Wire, say: Say) -> Wire:
    """Its numbers side by side in a file, of which slabs can be read; and where its brightness is cut."""
    import numpy as np

    stack, to = looking.opened([Path(path) for path in request["paths"]]), Path(request["to"])
    check_room(stack.shape, request["workers"], room_here(to.parent))
    count, low, high = counting("slices", say), np.inf, -np.inf
    with to.open("wb") as file:
        for number, values in enumerate(stack.slices(), 1):
            file.write(values.astype("<f4").tobytes())
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            count(number)
    if not low < high:
        raise MediaError("unsupported", "All voxels of this volume have the same value, so there is nothing to see.")
    counts = np.zeros(threshold.BINS, np.int64)
    for values in _numbers(to, stack.shape):
        counts += np.histogram(values, threshold.BINS, (low, high))[0]
    found = threshold.cuts(threshold.Histogram(low=low, high=high, counts=counts), request["classes"])
    return {"shape": list(stack.shape), "affine": stack.affine.tolist(), "thresholds": found}


def segment(request: Wire, say: Say) -> Wire:
    import numpy as np

    shape, done = _shape(request), 0
    numbers, all_slabs = _numbers(Path(request["raw"]), shape), slabs(shape)
    for number, name in request["slabs"]:
        slab, to = all_slabs[number], Path(request["folder"], name)
        values = np.array(numbers[slab.first : slab.last])
        threshold.pieces(values, slab, request["thresholds"], request["smoothing"], to)
        done += slab.stop - slab.start
        say({"done": done, "chunk": {"path": str(to)}})
    return {}


def join(request: Wire, _: Say) -> Wire:
    return threshold.joined([Path(path) for path in request["paths"]], request["classes"], Path(request["to"]))


def mesh(request: Wire, say: Say) -> Wire:
    import numpy as np

    shape = _shape(request)
    labels, all_slabs = _Labels(request, shape), slabs(shape)
    for done, (label, number, name) in enumerate(request["surfaces"], 1):
        first, last = planes_of(all_slabs[number], shape)
        made = surface(labels.planes(first - REACH, last + 1 + REACH) == label, first, shape)
        to = Path(request["folder"], name)
        np.savez_compressed(to, keys=made.keys, points=made.points, triangles=made.triangles)
        say({"done": done, "chunk": {"path": str(to)}})
    return {}


def finish(request: Wire, say: Say) -> Wire:
    """The files of each label, said as soon as they are there. The same surfaces give the same files."""
    for place, asked in enumerate(request["labels"]):
        for step, facts in enumerate(_finishing(asked, request), 1):
            say({"steps": STEPS * place + step, **({"ready": asked["label"], "facts": facts} if facts else {})})
    return {}


def _finishing(asked: Wire, request: Wire) -> "Iterator[Wire]":
    """Step by step; the last one knows what was made, if anything: tissue can be too thin to enclose something."""
    import numpy as np

    surfaces = [Surface(**kept.tables(Path(path), "keys", "points", "triangles")) for path in asked["paths"]]
    rough = smoothed(joined(surfaces, np.array(request["affine"])))
    if not len(rough.triangles):
        yield from [{}] * STEPS
        return
    yield {}
    made = simplified(rough, request["triangles"])
    yield {}
    name, colour, to = asked["name"], COLOURS[(asked["label"] - 1) % len(COLOURS)], Path(request["folder"])
    files.write_stl(made, to / f"{name}.stl")
    yield {}
    files.write_glb(made, name, colour, to / f"{name}.glb")
    yield {}
    portrait.draw(made, colour, to / f"{name}.png")
    closed = made.closed
    volume = round(made.volume, 1) if closed else None
    yield {"triangles": len(made.triangles), "watertight": closed, "volume_mm3": volume}


class _Labels:
    """Planes of the labelled volume; of its slabs only those that a surface needs are held at a time."""

    def __init__(self, request: Wire, shape: Shape) -> None:
        import numpy as np

        self.shape, self.slabs, self.paths = shape, slabs(shape), request["pieces"]
        self.table = np.load(request["labels"])
        self._held: dict[int, NDArray[np.uint8]] = {}

    def planes(self, first: int, stop: int) -> "NDArray[np.uint8]":
        """Empty where there is no volume."""
        import numpy as np

        wide, high, _ = self.shape
        found = np.zeros((stop - first, high, wide), np.uint8)
        needed = [slab for slab in self.slabs if slab.start < stop and slab.stop > first]
        self._hold([slab.number for slab in needed])
        for slab in needed:
            low, top = max(first, slab.start), min(stop, slab.stop)
            found[low - first : top - first] = self._held[slab.number][low - slab.start : top - slab.start]
        return found

    def _hold(self, needed: Sequence[int]) -> None:
        self._held = {number: held for number, held in self._held.items() if number in needed}
        for number in needed:
            if number not in self._held:
                pieces = kept.tables(Path(self.paths[number]), "pieces")["pieces"]
                self._held[number] = self.table[f"slab{number}"][pieces]


def _numbers(path: Path, shape: Shape) -> "NDArray[np.float32]":
    """In the file itself: what is not read takes no memory."""
    import numpy as np

    return np.memmap(path, "<f4", "r", shape=shape[::-1])


def _shape(request: Wire) -> Shape:
    wide, high, deep = request["shape"]
    return wide, high, deep
