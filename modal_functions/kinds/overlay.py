"""overlay: titles, lower thirds, boxes and a logo over a film. Only chunks in which something is seen are its own."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions import filming
from modal_functions.filming import Making
from modal_functions.media import child
from modal_functions.media.chunks import Chunk
from modal_functions.media.composing import Layer, composed
from modal_functions.media.entry import Say
from modal_functions.media.errors import MediaError
from modal_functions.media.items import Item, items_from
from modal_functions.media.lettering import DRAWER, Canvas, draw
from modal_functions.media.letters import missing_letters
from modal_functions.media.picture import Conformer
from modal_functions.media.spec import Unusable
from modal_functions.needs import Image, Needs
from modal_functions.runtime import Context, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

LETTERING = Image(
    name="lettering",
    libraries=("font-source-sans-pro", "pillow"),
    modules=("av", "PIL", "font_source_sans_pro"),
)
NEEDS = Needs(image=LETTERING)
LARGEST_PIXELS = 50_000_000
LARGEST_LOGO = 1024  # pixels of its longer side, as it is kept


def work(context: Context) -> dict[str, Any]:
    try:
        items = items_from(context.spec.get("items"))
    except Unusable as error:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: {error}.") from error
    _check_letters(items)
    return filming.make(context, lambda making: _laid_over(making, items))


def _check_letters(items: list[Item]) -> None:
    for item in items:
        if missing := missing_letters(item.text + item.second):
            raise Failed(
                "unsupported", f"The font has no “{missing[:20]}”, which “{item.text[:40]}” needs. Change the text."
            )


def _laid_over(making: Making, items: list[Item]) -> Making:
    texts, output = [item.as_wire() for item in items if item.what != "logo"], making.film.output
    # Now it is said of the item; later it would be said of a clip.
    child.run({"do": "overlay.try", "items": texts, "size": [output.width, output.height]}, start=making.context.start)
    logos = sorted({f"{item.logo}.png" for item in items if item.what == "logo"})
    if set(logos) - making.parts.there(logos):
        raise Failed("input_missing", "The logo is no longer where it was kept. Choose it again, then export.")
    rate, length = making.timeline.rate, making.timeline.frames
    chunks = [looking(chunk, items, rate=rate, length=length) for chunk in making.chunks]
    return replace(making, chunks=chunks, uses=logos)


def looking(chunk: Chunk, items: list[Item], *, rate: Fraction, length: int) -> Chunk:
    """What is seen in its frames and nothing else, so that it stays the same while nothing that is seen changes."""
    seen = [(item, item.levels(chunk.first, chunk.frames, rate=rate, length=length)) for item in items]
    laid = [{"drawing": item.drawing(), "levels": _short(levels)} for item, levels in seen if any(levels)]
    return chunk.looking({"by": "overlay", "drawer": DRAWER, "laid": laid}) if laid else chunk


def _short(levels: list[int]) -> list[int]:
    """One number stands for all where they are the same."""
    return levels[:1] if len(set(levels)) == 1 else levels


# In the child processes


def pictures(
    frames: "Iterator[VideoFrame]", look: dict[str, Any], conformer: Conformer, folder: Path
) -> "Iterator[VideoFrame]":
    canvas = Canvas(width=conformer.size[0], height=conformer.size[1], folder=folder)
    return composed(map(conformer, frames), [_layer(laid, canvas) for laid in look["laid"]])


def _layer(laid: dict[str, Any], canvas: Canvas) -> Layer:
    return Layer(drawing=draw(Item.from_wire(laid["drawing"]), canvas), levels=laid["levels"])


def _logo(request: dict[str, Any], _: Say) -> dict[str, Any]:
    """A picture that somebody sent becomes one that is ours: of a known format, and no larger than it needs to be."""
    from PIL import Image as Picture  # noqa: PLC0415 - Pillow is imported only where something is drawn
    from PIL import ImageOps  # noqa: PLC0415 - as above

    try:
        with Picture.open(request["path"], formats=("PNG", "JPEG", "WEBP")) as found:
            if found.width * found.height > LARGEST_PIXELS:
                raise MediaError(
                    "unsupported", f"The logo has {found.width} × {found.height} pixels, which is too large."
                )
            # What has sixteen bits would be cut off above the lowest eight: its greys would all be white.
            eight = found.point(lambda level: level / 256).convert("L") if found.mode == "I;16" else found
            logo = ImageOps.exif_transpose(eight.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError) as error:
        raise MediaError(
            "input_unreadable", "The logo is no picture that can be read here. PNG, JPEG and WebP can."
        ) from error
    logo.thumbnail((LARGEST_LOGO, LARGEST_LOGO))
    logo.save(request["to"], "PNG")
    return {"width": logo.width, "height": logo.height}


def _try(request: dict[str, Any], _: Say) -> dict[str, Any]:
    canvas = Canvas(width=request["size"][0], height=request["size"][1], folder=Path())
    for item in request["items"]:
        draw(Item.from_wire(item), canvas)
    return {}


VERBS = {"logo": _logo, "try": _try}
