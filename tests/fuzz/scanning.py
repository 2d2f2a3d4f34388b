"""Damaged scans: fed to the look at an upload, and to every step that makes meshes of what is kept of one."""

import base64
import gzip
import io
import math
import random
import struct
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import fast_simplification  # noqa: F401 - these are imported before the forks, so that no child has to
import nibabel
import pydicom  # noqa: F401
import scipy.ndimage  # noqa: F401

from exports import probing
from modal_functions.media.child import Limits
from modal_functions.volume.sizes import slabs
from tests.fuzz import damage, running
from tests.fuzz.feeding import asked, beyond, left_behind
from tests.modal_functions.volume import scans

SHAPE = (14, 13, 12)
WORK = Limits(memory_bytes=probing.MEMORY, cpu_seconds=30, wall_seconds=30, file_bytes=64 << 20)
CLASSES, TRIANGLES = 2, 500
HEADER = 352  # of NIfTI
PIXELS = (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")  # before those of DICOM
ODD = (0, 1, -1, 2, 3, 7, 127, 255, 256, 32767, -32768, 65535, 2**31 - 1, -(2**31))
WILD = (0.0, -1.0, 1e-45, 1e38, math.inf, -math.inf, math.nan, 352.0, 1e9)


def originals() -> dict[str, bytes]:
    values = scans.ellipsoid(SHAPE, radii=(5, 5, 4), bright=0.6)
    uids = ("SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID")
    bodies = scans.slices(values, **{name: f"1.2.3.{place}" for place, name in enumerate(uids)})
    with tempfile.TemporaryDirectory(prefix="longhaul-fuzz-") as room:
        folder = Path(room)
        plain = scans.nifti(folder / "plain.nii", values, scans.oblique()).read_bytes()
    real = nibabel.Nifti2Image(values.astype("float32"), scans.oblique((1.5, 1, 2)))
    return {
        "plain.nii": plain,
        "packed.nii.gz": gzip.compress(plain, 1, mtime=0),
        "real.nii": real.to_bytes(),
        "slice.dcm": bodies[0],
        "series.zip": _packed({f"{scans.SECRETS[0]}/IM{number}": body for number, body in enumerate(bodies)}),
    }


def made(seed: int, number: int, originals: dict[str, bytes]) -> tuple[str, bytes, Fraction]:
    """As running.made; what is packed is mostly damaged inside, or nothing would be got to see of it."""
    rng = random.Random(f"scans/{seed}/{number}")
    name, other = rng.choice(list(originals)), rng.choice(list(originals))
    whole, beside = originals[name], originals[other]
    hurt = partial(_hurt, rng, other=beside)
    if name.endswith(".gz") and rng.random() < 0.7:
        inside, done = hurt(gzip.decompress(whole))
        return f"{name} ({', '.join(done)} inside; {other})", gzip.compress(inside, 1, mtime=0), Fraction(0)
    if name.endswith(".zip") and rng.random() < 0.7:
        whole, done = _series_hurt(rng, whole, hurt)
        return f"{name} ({', '.join(done)} inside; {other})", whole, Fraction(0)
    whole, done = hurt(whole)
    return f"{name} ({', '.join(done)}; {other})", whole, Fraction(0)


def _hurt(rng, whole, *, other):
    if rng.random() < 0.4:
        return header_changed(rng, whole), ["header_changed"]
    return damage.damaged(rng, whole, other)


def header_changed(rng: random.Random, whole: bytes) -> bytes:
    """Odd numbers in one or two fields: of NIfTI where they all lie, of DICOM in the values of its elements."""
    changed = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2))):
        if whole[128:132] == b"DICM":
            _element_changed(rng, changed)
        elif len(changed) > HEADER:
            form, odd = rng.choice((("<h", ODD), ("<i", ODD), ("<f", WILD), ("<q", ODD), ("<d", WILD)))
            at = rng.randrange(0, HEADER - 8, 2)
            with suppress(struct.error, OverflowError):  # too large a number for so small a field
                changed[at : at + struct.calcsize(form)] = struct.pack(form, rng.choice(odd))
    return bytes(changed)


def _element_changed(rng, changed):
    """Group 0028 says how a picture is laid out, group 0020 where it lies."""
    group = rng.choice((b"\x28\x00", b"\x28\x00", b"\x20\x00", b"\x08\x00"))
    places = [at for at in range(132, min(len(changed) - 16, 4096)) if changed[at : at + 2] == group]
    if not places:
        return
    at = rng.choice(places)
    match rng.randrange(3):
        case 0:  # what sort its value is of, or how long
            changed[at + 4 : at + 8] = rng.randbytes(4)
        case 1:
            changed[at + 8 : at + 10] = struct.pack("<H", rng.choice((0, 1, 8, 16, 32, 4096, 65535)))
        case _:
            said = rng.choice((b"0", b"-1", b"1e400", b"nan", b"\\\\\\", b"9" * 12, b"\xff\xfe", b"inf\\inf"))
            changed[at + 8 : at + 8 + len(said)] = said


def _series_hurt(rng, whole, hurt):
    """One slice of it, or two; the archive around them is whole."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        bodies = {name: archive.read(name) for name in archive.namelist()}
    told: list[str] = []
    for name in rng.sample(sorted(bodies), rng.choice((1, 1, 2))):
        bodies[name], done = hurt(bodies[name])
        told += done
    return _packed(bodies), told


def _packed(bodies):
    """Without the time of day, so that it is the same each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, body in bodies.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return packed.getvalue()


def feed(seed: int, numbers: range, originals: dict[str, bytes], keep: Path) -> running.Tally:
    return running.feed(seed, numbers, originals, keep, fed=fed, made=made)


# What it is fed to


def fed(path, folder, start, begin):
    """The look; then the work, on what it left in place of the file, and on the file itself, as if it were kept so."""
    clean = folder / "clean"
    looked, _ = _step("look", {"path": str(path), "to": str(clean)}, probing.limits_of_others(), folder, begin, {clean})
    verdicts = [looked]
    for kept in (clean, path):
        if kept.exists():
            verdicts += _worked_on(kept, folder, begin)
    for left in folder.iterdir():
        left.unlink()
    return verdicts


def _worked_on(kept, folder, begin):
    raw, labels = folder / "volume.raw", folder / "labels.npz"
    step = partial(_step, limits=WORK, folder=folder, begin=begin)
    request = {"paths": [str(kept)], "to": str(raw), "classes": CLASSES, "workers": 1, "path": str(kept)}
    verdict, found = step("prepare", request, made={raw})
    verdicts = [verdict]
    if found is None:
        return verdicts
    shape, every = found["shape"], slabs(tuple(found["shape"]))
    pieces = [folder / f"s{slab.number}.npz" for slab in every]
    each = [[slab.number, piece.name] for slab, piece in zip(every, pieces, strict=True)]
    request = {"raw": str(raw), "shape": shape, "slabs": each, "thresholds": found["thresholds"], "smoothing": 1.0}
    verdicts.append(step("segment", request, made={*pieces})[0])
    paths = [str(piece) for piece in pieces]
    verdict, joined = step("join", {"paths": paths, "classes": CLASSES, "to": str(labels)}, made={labels})
    verdicts.append(verdict)
    for label in [label for label, count in enumerate(joined["voxels"] if joined else (), 1) if count]:
        verdicts += _meshed(label, every, found, paths, step, folder)
    return verdicts


def _meshed(label, every, found, pieces, step, folder):
    surfaces = [folder / f"m{label}-{slab.number}.npz" for slab in every]
    each = [[label, slab.number, surface.name] for slab, surface in zip(every, surfaces, strict=True)]
    request = {"shape": found["shape"], "surfaces": each, "labels": str(folder / "labels.npz"), "pieces": pieces}
    first, _ = step("mesh", request, made={*surfaces})
    name = f"class-{label}"
    files = {folder / f"{name}.{ending}" for ending in ("stl", "glb", "png")}
    asked_for = [{"label": label, "name": name, "paths": [str(surface) for surface in surfaces]}]
    request = {"labels": asked_for, "affine": found["affine"], "triangles": TRIANGLES}
    return [first, step("finish", request, made=files)[0]]


def _step(verb, request, limits, folder, begin, made):
    """`made` are the files that have to come of it, and the only ones that may."""
    before = set(folder.iterdir())
    request = {"folder": str(folder), **request}
    verdict, process, answer = asked(f"mri_mesh.{verb}", request, limits, begin, partial(_wrong, made=made))
    left = left_behind(process) or beyond(process, limits)
    more = set() if verdict.died else set(folder.iterdir()) - before - made
    if more:
        left = left or f"left in the folder: {sorted(each.name for each in more)}"
    if verdict.wrong or not left:
        return verdict, answer
    return replace(verdict, wrong=left), answer


def _beside_voxels(body):
    """A file that is spliced may have a name where its voxels should be, and every number there is a voxel."""
    if body[128:132] == b"DICM":
        return min((body.partition(tag)[0] for tag in PIXELS), key=len)
    return body[:HEADER]


def _wrong(verb, answer, *, made):
    absent = [each.name for each in made if not each.exists()]
    if absent and verb != "mri_mesh.finish":  # tissue may be too thin for a surface
        return f"{absent} were not made"
    match verb:
        case "mri_mesh.look":
            [clean] = made
            facts, body = answer["facts"], clean.read_bytes()
            body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            told = [secret for secret in scans.SECRETS if secret.encode() in _beside_voxels(body)]
            fits = all(side >= 1 for side in facts["shape"]) and all(0 < each < 1e4 for each in facts["spacing"])
            right = fits and not told and base64.b64decode(answer["jpeg"]).startswith(b"\xff\xd8\xff")
        case "mri_mesh.prepare":
            cuts = answer["thresholds"]
            right = len(cuts) == CLASSES and all(map(math.isfinite, cuts)) and cuts == sorted(cuts)
        case "mri_mesh.finish":
            right = not any(each.exists() for each in made) or all(each.exists() for each in made)
        case "mri_mesh.join":
            right = len(answer["voxels"]) == CLASSES and min(answer["voxels"]) >= 0
        case _:
            right = True
    return "" if right else f"an answer that cannot be: {str(answer)[:500]}"
