"""One run of the render part: footage, a rehearsal, the rounds; what is kept of them."""

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.render.outcome import progress_figures, stage_figures, way_figures
from tests.bench.render.rounds import CLIPS, apart, films, prepared, rehearse
from tests.bench.render.ways import OUTPUT, ffmpeg
from tests.bench.side import load_average

PACKAGES = ("av", "moviepy", "imageio-ffmpeg")
LOADED = 4.0  # beyond this the machine is somebody else's

Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    if load[0] > LOADED:
        say(f"The load average is {load[0]}: repeat this when fewer others work here.")
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
        say(f"Drawing the footage of {CLIPS} clips of {asked.length} s …")
        place = prepared(Path(folder), asked.length)
        say("Rehearsing …")
        rehearse(place)
        made = list(films(place, asked.rounds, say))
        parts = apart(place, asked.rounds)
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(PACKAGES) | {"programs": {"ffmpeg": machine.ffmpeg_version(ffmpeg())}},
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "length": asked.length,
        "output": OUTPUT.as_wire() | {"preset": OUTPUT.preset, "crf": OUTPUT.crf},
        "films": way_figures(made, os.cpu_count() or 1),
        "stages": stage_figures(made),
        "progress": progress_figures(made, parts),
        "raw": {"films": [each.as_wire() for each in made], "apart": [asdict(each) for each in parts]},
    }
