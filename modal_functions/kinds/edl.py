"""edl: a story for other editing programs. Nothing is rendered; each file is read back before it counts."""

import json
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modal_functions import stories
from modal_functions.editing import edl, exchange
from modal_functions.editing.cut import Cut, Unreadable, microseconds
from modal_functions.media.entry import Say
from modal_functions.media.errors import MediaError
from modal_functions.media.probe import probe
from modal_functions.needs import Image, Needs
from modal_functions.runtime import Context

INTERCHANGE = Image(
    name="interchange",
    libraries=("opentimelineio", "otio-fcp-adapter"),
    modules=("av", "opentimelineio", "otio_fcp_adapter"),
)
NEEDS = Needs(image=INTERCHANGE)


def work(context: Context) -> dict[str, Any]:
    story = stories.begin(context)
    results = stories.documents(story)
    seconds = float(story.cut.frames / story.cut.rate)
    facts = {"seconds": seconds, "shots": len(story.cut.shots)}
    looked = {"rendered": story.looked_into, "chunks": len(story.found)}
    result = context.several(results, **facts, **looked)
    stories.tidied(context)
    context.report.stage("notify")
    return result


# In the child processes


def _look(request: dict[str, Any], _: Say) -> dict[str, Any]:
    found = probe(Path(request["path"])).as_wire()
    Path(request["folder"], request["file"]).write_text(json.dumps(found, sort_keys=True))
    return {}


def _write(request: dict[str, Any], _: Say) -> dict[str, Any]:
    cut, form = stories.cut_from(request["cut"]), request["form"]
    text = edl.written(cut) if form == ".edl" else exchange.written(cut, form, request["lengths"])
    try:
        back = edl.read(text, cut.rate) if form == ".edl" else exchange.read(text, form, cut.rate)
    except Unreadable as error:
        raise MediaError("result_invalid", f"The story cannot be read back from its {form} file: {error}") from error
    if _ranges(back) != _ranges(cut):
        raise MediaError("result_invalid", f"The story does not read back from its {form} file as it was.")
    Path(request["to"]).write_text(text, encoding="utf-8")
    return {}


def _ranges(cut: Cut) -> list[tuple[str, int, int]]:
    return [(shot.name, shot.first, shot.frames) for shot in cut.shots]


def _read(request: dict[str, Any], _: Say) -> dict[str, Any]:
    """A timeline that somebody sent, in microseconds of each clip."""
    if find_spec("opentimelineio") is None or find_spec("otio_fcp_adapter") is None:
        raise MediaError("unsupported", "Only EDL and JSON can be read here: OpenTimelineIO is not installed.")
    try:
        text = Path(request["path"]).read_text(encoding="utf-8-sig")
        cut = exchange.read(text, request["form"], Fraction(*request["rate"]))
    except UnicodeDecodeError as error:
        raise MediaError("unsupported", "This is no text, so it is no story.") from error
    except Unreadable as error:
        raise MediaError("unsupported", str(error)) from error
    shots = [
        {"name": shot.name, "note": shot.note, "in_us": microseconds(shot.first, cut.rate),
         "out_us": microseconds(shot.end, cut.rate)}
        for shot in cut.shots
    ]  # fmt: skip
    return {"title": cut.title, "shots": shots}


VERBS = {"look": _look, "write": _write, "read": _read}
