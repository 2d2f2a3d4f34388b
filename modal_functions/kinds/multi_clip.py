"""multi_clip: the clips as they are, one after the other; those that are smaller than the film enlarged, if wished."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions import filming
from modal_functions.enlarging import asked
from modal_functions.enlarging.enlarger import LargeConformer, enlarger_of
from modal_functions.filming import Making
from modal_functions.media.picture import Conformer
from modal_functions.needs import Needs
from modal_functions.runtime import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

NEEDS = Needs(enlarges=True)


def work(context: Context) -> dict[str, Any]:
    weights = asked.weights_of(context)
    return filming.make(context, (lambda making: _enlarged(making, weights)) if weights else None)


def _enlarged(making: Making, weights: str) -> Making:
    look = {"by": "multi_clip", **asked.look_of(weights)}
    return replace(asked.brought(making, weights), chunks=[chunk.looking(look) for chunk in making.chunks])


# In the child processes


def pictures(
    frames: "Iterator[VideoFrame]", look: dict[str, Any], conformer: Conformer, folder: Path
) -> "Iterator[VideoFrame]":
    enlarger = enlarger_of(look, folder)
    return map(LargeConformer(conformer, enlarger) if enlarger else conformer, frames)
