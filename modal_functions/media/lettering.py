# ruff: noqa: PLC0415 - Pillow is imported only where something is drawn
"""Draws what is laid over a film: as large as the film asks for, inside the part that every screen shows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.errors import MediaError
from modal_functions.media.items import Item
from modal_functions.media.letters import BOLD, PLAIN, font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

# Raise it whenever the same item would be drawn differently.
DRAWER = 1
SAFE = 0.05  # of each side, kept free: what screens may cut off
MOST_LINES = 3
LEAST = 8  # pixels of height: what is smaller cannot be read
BLACK = (0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A picture with transparency, and where its upper left corner lies: on even pixels, as colours do."""

    left: int
    top: int
    image: "Image"


@dataclass(frozen=True, kw_only=True)
class Canvas:
    width: int
    height: int
    folder: Path  # where the logo is

    @property
    def unit(self) -> int:
        """Sizes are shares of the shorter side, so that text is as readable upright as across."""
        return min(self.width, self.height)

    @property
    def safe(self) -> tuple[int, int]:
        return round(self.width * (1 - 2 * SAFE)), round(self.height * (1 - 2 * SAFE))


def draw(item: Item, canvas: Canvas) -> Drawing:
    image = DRAWERS[item.what](item, canvas)
    if item.what == "box":
        left, top, *_ = _area(item, canvas)
        border = _line(canvas)
        return Drawing(left=max(0, left - border) // 2 * 2, top=max(0, top - border) // 2 * 2, image=image)
    left, top = _placed(item.place, image.size, canvas)
    return Drawing(left=left, top=top, image=image)


def _placed(place: str, size: tuple[int, int], canvas: Canvas) -> tuple[int, int]:
    across = "left" if "left" in place else "right" if "right" in place else ""
    down = "top" if "top" in place else "bottom" if "bottom" in place else ""
    left = _along(across == "left", across == "right", size[0], canvas.width)
    return left, _along(down == "top", down == "bottom", size[1], canvas.height)


def _along(first: bool, last: bool, size: int, whole: int) -> int:
    edge = round(whole * SAFE)
    place = edge if first else whole - edge - size if last else (whole - size) // 2
    return max(0, min(whole - size, place)) // 2 * 2


# The sorts of items


def _title(item: Item, canvas: Canvas) -> "Image":
    from PIL import ImageFilter

    face, lines = _fitting(item.text, BOLD, round(canvas.unit * 0.1), canvas.safe[0], MOST_LINES)
    letters = _letters(lines, face, room=max(2, round(face.size / 6)), align=_align(item.place))
    shadow = letters.filter(ImageFilter.GaussianBlur(max(1, round(face.size / 12))))
    return _layered(_filled(shadow.point(lambda level: level * 3 // 4), BLACK), _filled(letters, _rgb(item.colour)))


def _lower_third(item: Item, canvas: Canvas) -> "Image":
    """Who that is: a name, and a line below it, on a plate with a bar in the item's colour."""
    room = round(canvas.unit * 0.025)
    most = canvas.safe[0] - 3 * room
    face, lines = _fitting(item.text, BOLD, round(canvas.unit * 0.055), most, 2)
    rows = [_letters(lines, face, room=0, align="left")]
    if item.second.strip():
        small, more = _fitting(item.second, PLAIN, round(canvas.unit * 0.038), most, 2)
        rows.append(_letters(more, small, room=0, align="left"))
    bar = max(2, room // 3)
    size = (_even(max(row.width for row in rows) + 2 * room + bar), _even(sum(row.height for row in rows) + 2 * room))
    plate = _filled(_mask(size, (0, 0, *size), level=190), BLACK)
    top, layers = room, [plate, _filled(_mask(size, (0, 0, bar, size[1])), _rgb(item.colour))]
    for row in rows:
        mask = _mask(size)
        mask.paste(row, (bar + room, top))
        layers.append(_filled(mask, (255, 255, 255)))
        top += row.height
    return _layered(*layers)


def _box(item: Item, canvas: Canvas) -> "Image":
    from PIL import ImageDraw

    left, top, width, height = _area(item, canvas)
    line = _line(canvas)
    begin = max(0, left - line) // 2 * 2, max(0, top - line) // 2 * 2
    size = (
        _even(min(canvas.width - begin[0], width + 2 * line)),
        _even(min(canvas.height - begin[1], height + 2 * line)),
    )
    mask = _mask(size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=2 * line, outline=255, width=line)
    return _layered(_filled(mask, _rgb(item.colour)))


def _logo(item: Item, canvas: Canvas) -> "Image":
    from PIL import Image

    with Image.open(canvas.folder / f"{item.logo}.png", formats=("PNG",)) as kept:
        logo = kept.convert("RGBA")
    most = round(canvas.unit * 0.2)
    scale = min(most * 1.6 / logo.width, most / logo.height)
    inner = max(2, round(logo.width * scale)), max(2, round(logo.height * scale))
    whole = Image.new("RGBA", (_even(inner[0]), _even(inner[1])), (0, 0, 0, 0))
    whole.paste(logo.resize(inner, Image.Resampling.LANCZOS), (0, 0))
    return whole


DRAWERS: dict[str, Callable[[Item, Canvas], "Image"]] = {
    "title": _title,
    "lower_third": _lower_third,
    "box": _box,
    "logo": _logo,
}


# Text


def _fitting(text: str, name: str, size: int, width: int, lines: int) -> "tuple[FreeTypeFont, list[str]]":
    """As large as asked, or as much smaller as it takes and can still be read."""
    from PIL import ImageFont

    for each in range(max(LEAST, size), max(LEAST, size // 3) - 1, -1):
        face = ImageFont.truetype(font(name), each, layout_engine=ImageFont.Layout.BASIC)
        wrapped = _wrapped(text, face, width)
        if wrapped is not None and len(wrapped) <= lines:
            return face, wrapped
    raise MediaError("unsupported", f"The text “{text[:40]}” is too long for this picture. Make it shorter.")


def _wrapped(text: str, face: "FreeTypeFont", width: int) -> list[str] | None:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= width:
            lines[-1] = longer
        elif face.getlength(word) <= width:
            lines.append(word)
        else:
            return None
    return [line for line in lines if line]


def _letters(lines: list[str], face: "FreeTypeFont", *, room: int, align: str) -> "Image":
    """A mask of the lines, with room all round."""
    from PIL import ImageDraw

    ascent, descent = face.getmetrics()
    high = ascent + descent
    widths = [face.getlength(line) for line in lines]
    mask = _mask((_even(round(max(widths)) + 2 * room + 2), _even(high * len(lines) + 2 * room)))
    pen = ImageDraw.Draw(mask)
    for number, (line, width) in enumerate(zip(lines, widths, strict=True)):
        spare = mask.width - 2 * room - width
        left = room + {"left": 0.0, "center": spare / 2, "right": spare}[align]
        pen.text((round(left), room + number * high), line, fill=255, font=face)
    return mask


def _align(place: str) -> str:
    return "left" if "left" in place else "right" if "right" in place else "center"


# Layers: a mask is coloured only where it is laid over others, or its edges would turn dark


def _mask(size: tuple[int, int], block: tuple[int, int, int, int] | None = None, *, level: int = 255) -> "Image":
    from PIL import Image

    mask = Image.new("L", size, 0)
    if block:
        mask.paste(level, block)
    return mask


def _filled(mask: "Image", colour: tuple[int, int, int]) -> "Image":
    from PIL import Image

    layer = Image.new("RGBA", mask.size, colour)
    layer.putalpha(mask)
    return layer


def _layered(first: "Image", *others: "Image") -> "Image":
    from PIL import Image

    whole = first
    for each in others:
        whole = Image.alpha_composite(whole, each)
    return whole


def _area(item: Item, canvas: Canvas) -> tuple[int, int, int, int]:
    left, top, width, height = item.area
    across, down = canvas.width / 1000, canvas.height / 1000
    return round(left * across), round(top * down), max(4, round(width * across)), max(4, round(height * down))


def _line(canvas: Canvas) -> int:
    return max(2, round(canvas.unit * 0.008))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _even(value: int) -> int:
    return max(2, value + value % 2)
