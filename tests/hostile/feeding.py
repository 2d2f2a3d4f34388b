"""Each harmful file to everything that reads what people bring, as a child that may do all and as one that is held."""

import tempfile
from contextlib import suppress
from fractions import Fraction
from importlib import import_module
from pathlib import Path

from exports import logos, probing, stories
from modal_functions.media.confinement import confine
from modal_functions.media.verbs import perform
from tests.fuzz import feeding, footage
from tests.fuzz.forking import Forked
from tests.hostile.corpus import TEXTS, Bait, harmful

ENDINGS = ("mp4", "mov", "mkv", "webm", "nii.gz", "png")


# In the suite; `make fuzz` asks everything of everything.
FEW = {True: {"probe", "render", "overlay.logo", "mri_mesh.look", "edl.read"}, False: {"probe", "sound"}}


def unconfined(request):
    """As where the kernel can do nothing: the lists of formats and protocols alone have to hold."""


def warmed(folder):
    """What is imported before the forks, no child has to import."""
    for module in ("av", "PIL.Image", "pydicom", "nibabel", "scipy.ndimage", "opentimelineio.adapters"):
        import_module(module)
    nothing = folder / "nothing"
    nothing.write_bytes(b"{}")
    for verb, request, _ in others(nothing, folder):
        with suppress(Exception):
            perform({"do": verb, **request}, print)
    nothing.unlink()


def fed(url, *, held, whole=False):
    """What is not as it should be, each in a line, and how many looks were taken at how many files."""
    wrong, looks = [], 0
    with tempfile.TemporaryDirectory(prefix="longhaul-hostile-") as room:
        bait = bait_in(Path(room), url)
        warmed(Path(room, "work"))
        made = harmful(bait)
        for number, (name, body) in enumerate(made.items()):
            path = Path(room, f"{name}.{ENDINGS[number % len(ENDINGS)]}")
            path.write_bytes(body)
            for verb, request, limits in asked(path, Path(room, "work"), is_text=name in TEXTS):
                if not whole and verb not in FEW[held]:
                    continue
                verdict = feeding.one(verb, request, limits, Path(room, "work"), beginning(held=held))
                looks += 1
                if verdict.wrong or verdict.died:
                    wrong.append(f"{name}: {verdict.verb}: {verdict.code} {verdict.died} {verdict.wrong}")
            path.unlink()
        left = {path.name for path in Path(room).iterdir()} - {"work", bait.secret.name, bait.film.name}
    return {"wrong": wrong, "looks": looks, "files": len(made), "left": sorted(left)}


def bait_in(room, url):
    (room / "work").mkdir()
    secret, film = room / "secret.txt", room / "film.ts"
    secret.write_text(feeding.SECRET)
    film.write_bytes(footage.one("plain.mp4"))
    return Bait(url=url, secret=secret, film=film)


def beginning(*, held):
    return lambda command, letter: Forked(letter, confine=confine if held else unconfined)


def asked(path, folder, *, is_text):
    yield from feeding.requests(path, folder, Fraction(0))
    yield from (each for each in others(path, folder) if is_text or each[0] != "edl.read")


def others(path, folder):
    place = {"path": str(path)}
    yield "overlay.logo", place | {"to": str(folder / "logo.png")}, logos.LIMITS
    yield "mri_mesh.look", place | {"to": str(folder / "scan")}, probing.limits_of_others()
    for form in (".otio", ".xml"):
        yield "edl.read", place | {"form": form, "rate": [25, 1]}, stories.LIMITS
