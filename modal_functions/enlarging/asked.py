"""Enlarging, as the conducting of an export sees it: which weights were asked for, and whether they are at hand."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modal_functions.enlarging.weights import END
from modal_functions.media.spec import SHA256
from modal_functions.runtime import Context, Failed

if TYPE_CHECKING:
    from modal_functions.filming import Making

ENLARGER = 1  # raise it whenever the same weights would make another picture
GONE = "The weights for enlarging that this export was planned with are no longer installed. Export it anew."


def weights_of(context: Context) -> str:
    """Their checksum; empty where nothing is to be enlarged by a network."""
    asked = context.spec.get("weights") or ""
    if asked and not SHA256.fullmatch(str(asked)):
        raise Failed("unsupported", f"This export cannot be made as it was asked for: weights is {str(asked)[:80]!r}.")
    return str(asked)


def look_of(sha256: str) -> dict[str, Any]:
    """What the look of a chunk says of it; nothing where there is none."""
    return {"enlarged": {"enlarger": ENLARGER, "weights": sha256}} if sha256 else {}


def brought(making: "Making", sha256: str) -> "Making":
    """With the weights among what its batches use. They are a kept part of the project, as a logo is."""
    if not sha256:
        return making
    name = f"{sha256}{END}"
    if not making.parts.there([name]):
        raise Failed("input_missing", GONE)
    return replace(making, uses=[*making.uses, name])
