"""clip_it: the moments of a long video that are worth it, each a clip with what is said burned in.

The video is heard and looked at once, in parts that are kept; the moments are chosen from that; then they are cut."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.cutting import Shape, cutting
from modal_functions.media import fetching, loudness, motion, speech
from modal_functions.media.composing import Layer, composed
from modal_functions.media.entry import Say
from modal_functions.media.following import Place
from modal_functions.media.framing import Framer
from modal_functions.media.items import Item
from modal_functions.media.lettering import Canvas, draw
from modal_functions.media.moments import SCORER, Moment, Watched, moments
from modal_functions.media.picture import Conformer
from modal_functions.media.transcript import Word, cues, srt, vtt
from modal_functions.media.verbs import counting
from modal_functions.needs import HOUR, Image, Limits, Needs
from modal_functions.obtaining import obtained
from modal_functions.parts import Parts
from modal_functions.recognisers import missing, recogniser
from modal_functions.runtime import Context, Failed
from modal_functions.understanding import Understood, understood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

CLIPPING = Image(
    name="clipping",
    libraries=(
        *("font-source-sans-pro", "pillow", "yt-dlp"),
        *("pocketsphinx", "sounddevice", "cffi", "pycparser"),
    ),
    modules=("av", "PIL", "font_source_sans_pro"),
)
NEEDS = Needs(
    image=CLIPPING,
    conducting=Limits(cpu=(0.5, 4.0), memory=4096, timeout=12 * HOUR),
    batch=Limits(cpu=(1.0, 2.0), memory=3072, timeout=2 * HOUR),
    probe=lambda: missing(""),
)
SUBTITLES, WHY = 101, 103  # places after those of all clips
NO_SPEECH = "No speech was found, so they were chosen by loudness and shots alone."


def work(context: Context) -> dict[str, Any]:
    context.report.stage("queued")
    wanted, model = context.spec.get("wanted") or {}, str(context.spec.get("whisper") or "")
    shape, count, seconds, asked = _wanted(wanted)
    context, footage = obtained(context)
    parts = Parts(context=context, sources={footage.key: footage.path}, called=lambda _: footage.name)
    found = understood(parts, footage, model=model)
    told = _subtitles(context, found.words)
    chosen = moments(_watched(found, asked), count=count, seconds=seconds)
    told.append(_reasons(context, found, chosen, model))
    cut = cutting(parts, found, chosen, shape)
    rendered = cut.rendered()
    told = [*cut.published(), *told]
    return context.several(told, rendered=rendered, chunks=len(cut.making.chunks), words=len(found.words))


def _wanted(wire: dict[str, Any]) -> tuple[Shape, int, int, list[str]]:
    try:
        aspect = wire["aspect"]
        shape = Shape(
            aspect=Fraction(*aspect) if aspect else None,
            side=int(wire["side"]),
            quality=str(wire["quality"]),
            captions=bool(wire["captions"]),
        )
        return shape, int(wire["count"]), int(wire["seconds"]), [str(word) for word in wire["keywords"]]
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: {error}.") from error


def _watched(found: Understood, asked: Sequence[str]) -> Watched:
    length = found.footage.length_us // 1000
    return Watched(length=length, words=found.words, levels=found.levels, cuts=found.cuts, asked=asked)


def _subtitles(context: Context, words: Sequence[Word]) -> list[dict[str, Any]]:
    """Of the whole video, to be had before any clip is cut; none where nothing is said."""
    if not words:
        return []
    lines, told = cues(words), []
    for number, (end, text) in enumerate((("srt", srt(lines)), ("vtt", vtt(lines)))):
        path = context.folder / f"transcript.{end}"
        path.write_text(text)
        label = f"What is said in the whole video, as {end.upper()} subtitles."
        told.append(context.ready(path, place=SUBTITLES + number, name=path.name, label=label, words=len(words)))
    return told


def _reasons(context: Context, found: Understood, chosen: Sequence[Moment], model: str) -> dict[str, Any]:
    path = context.folder / "moments.json"
    told = {
        "video": found.footage.name,
        "seconds": found.footage.length_us / 1_000_000,
        "scorer": SCORER,
        "recogniser": recogniser(model) if found.footage.has_sound else "",
        "words": len(found.words),
        "moments": [{"clip": number, **moment.as_wire()} for number, moment in enumerate(chosen, 1)],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    label = "Why these moments." if found.words else f"Why these moments. {NO_SPEECH}"
    return context.ready(path, place=WHY, name=path.name, label=label)


# In the child processes


def pictures(
    frames: "Iterator[VideoFrame]", look: dict[str, Any], conformer: Conformer, folder: Path
) -> "Iterator[VideoFrame]":
    shaped = _framed(frames, look["way"], conformer) if "way" in look else map(conformer, frames)
    canvas = Canvas(width=conformer.size[0], height=conformer.size[1], folder=folder)
    laid = [
        Layer(drawing=draw(Item.from_wire(each["drawing"]), canvas), levels=each["levels"])
        for each in look.get("laid", ())
    ]
    return composed(shaped, laid) if laid else shaped


def _framed(frames: "Iterator[VideoFrame]", way: list[list[int]], conformer: Conformer) -> "Iterator[VideoFrame]":
    framer = Framer(size=conformer.size, shape=conformer.shape)
    for number, frame in enumerate(frames):
        x, y = way[number if len(way) > 1 else 0]
        yield framer(frame, Place(x=x, y=y))


def _listen(request: dict[str, Any], _: Say) -> dict[str, Any]:
    heard = loudness.levels(Path(request["path"]), request["levels"])
    _keep(request, request["to"], {"levels": heard})
    return {"levels": len(heard)}


def _hear(request: dict[str, Any], say: Say) -> dict[str, Any]:
    piece, count = speech.Piece.from_wire(request["piece"]), counting("done", say)
    most = int(request["units"])
    heard = speech.hear(
        Path(request["path"]), piece, request["model"], lambda milliseconds: count(min(most, milliseconds // 1000))
    )
    _keep(request, f"{piece.key}.json", {"words": [word.as_wire() for word in heard]})
    return {"words": len(heard)}


def _look(request: dict[str, Any], _: Say) -> dict[str, Any]:
    """It says nothing of its frames: what is counted are windows."""
    piece = motion.Piece.from_wire(request["piece"])
    seen = motion.look(Path(request["path"]), piece)
    _keep(request, f"{piece.key}.json", seen.as_wire())
    return {"frames": len(seen.moved)}


def _keep(request: dict[str, Any], name: str, told: dict[str, Any]) -> None:
    Path(request["folder"], name).write_text(json.dumps(told, separators=(",", ":")))


def _fetch(request: dict[str, Any], say: Say) -> dict[str, Any]:
    bounds = fetching.Bounds(
        bytes=int(request["bytes"]), seconds=int(request["seconds"]), patience=float(request["patience"])
    )
    found = fetching.fetch(
        str(request["address"]),
        Path(request["folder"]),
        bounds,
        private=bool(request["private"]),
        on_bytes=lambda done, total: say({"done": done, "total": total}),
    )
    return {"path": str(found.path), "title": found.title}


VERBS = {"listen": _listen, "hear": _hear, "look": _look, "fetch": _fetch}
