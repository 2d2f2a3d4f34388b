"""How loud a source is over time: one level for each tenth of a second."""

import math
from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import mul
from pathlib import Path

from modal_functions.media.listening import WHISPER_RATE, decoded_from, resampled, whisper
from modal_functions.media.opening import opened, origin_us, sound_of

LISTENER = 1  # raise it whenever the same sound would be heard differently
A_SECOND = 10  # levels
STEP = WHISPER_RATE // A_SECOND
SILENCE = -90  # decibels: what there is where there is nothing

OnSteps = Callable[[int], None]


def levels(path: Path, count: int, on_steps: OnSteps | None = None) -> list[int]:
    """`count` of them, in whole decibels below full scale; silence where the source has no sound."""
    energies = [0] * count
    with opened(path) as container:
        stream = sound_of(container)
        if stream is None:
            return [SILENCE] * count
        origin = Fraction(origin_us(container), 1_000_000)
        for frame in resampled(decoded_from(container, stream, origin), whisper):
            first = int(((frame.pts or 0) * (frame.time_base or Fraction(0)) - origin) * WHISPER_RATE)
            _add(energies, array("h", bytes(frame.planes[0])[: frame.samples * 2]), first)
            if on_steps:
                on_steps(max(0, min(count, first // STEP)))
    return [_decibels(energy) for energy in energies]


def _add(energies: list[int], values: "array[int]", first: int) -> None:
    begin = max(0, -first)
    while begin < len(values):
        step = (first + begin) // STEP
        if step >= len(energies):
            return
        upto = min(len(values), (step + 1) * STEP - first)
        part = values[begin:upto]
        energies[step] += sum(map(mul, part, part))
        begin = upto


def _decibels(energy: int) -> int:
    if energy <= 0:
        return SILENCE
    return max(SILENCE, round(10 * math.log10(energy / STEP / 32768**2)))


def quiet_borders(heard: Sequence[int], *, every: int, reach: int) -> list[int]:
    """Where to divide it about `every` so many levels: at the quietest place near by, so that no word is cut in two."""
    borders = [0]
    while borders[-1] + every + reach < len(heard):
        wished = borders[-1] + every
        near = range(wished - reach, wished + reach + 1)
        borders.append(min(near, key=lambda place: (heard[place], abs(place - wished))))
    return [*borders, len(heard)]
