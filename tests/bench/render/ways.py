"""The ways to the same film, each as the command that makes it."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modal_functions.folder import FolderStore
from modal_functions.media.spec import Output
from modal_functions.store import Stored
from modal_functions.wire import AttemptKeys, pack
from tests.bench.render.footage import RATE, Cut

OUTPUT = Output(width=1920, height=1080, fps=(RATE, 1))  # at the quality that a person gets who chooses none
SOUND = ("-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2")
FAST_START = ("-movflags", "+faststart")  # the index in front, as a film for the web has it and ours always
CALL, KIND = "bench", "multi_clip"
HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")


def handed_on(**more: str) -> dict[str, str]:
    return {name: os.environ[name] for name in HANDED_ON if name in os.environ} | more


@dataclass(frozen=True, kw_only=True)
class Order:
    """A command with what it is given, and the film that will be there when it has ended."""

    command: list[str]
    film: Path | None = None  # an attempt says itself where it is
    letter: bytes = b""
    environment: dict[str, str] = field(default_factory=handed_on)
    keys: AttemptKeys | None = None


def ffmpeg() -> str:
    """Debian's if it is there, else the one that MoviePy brings."""
    installed = shutil.which("ffmpeg")
    if installed:
        return installed
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def with_ffmpeg(
    cuts: Sequence[Cut], sources: Sequence[Path], to: Path, program: str = "", output: Output = OUTPUT
) -> Order:
    inputs: list[str] = []
    for cut in cuts:
        inputs += ["-ss", _seconds(cut.in_us), "-t", _seconds(cut.out_us - cut.in_us), "-i", str(sources[cut.source])]
    encoding = ["-c:v", "libx264", "-preset", output.preset, "-crf", str(output.crf), *SOUND, *FAST_START]
    command = [program or ffmpeg(), "-nostdin", "-v", "error", "-y", *inputs, "-filter_complex", graph(len(cuts))]
    return Order(command=[*command, "-map", "[v]", "-map", "[a]", *encoding, str(to)], film=to)


def graph(count: int) -> str:
    """One graph for all: each input to one size and rate, then all in a row."""
    form = f"scale={OUTPUT.width}:{OUTPUT.height},setsar=1,fps={RATE},format=yuv420p"
    sound = "aresample=48000,aformat=channel_layouts=stereo"
    each = [f"[{n}:v]{form}[v{n}];[{n}:a]{sound}[a{n}]" for n in range(count)]
    pads = "".join(f"[v{n}][a{n}]" for n in range(count))
    return ";".join([*each, f"{pads}concat=n={count}:v=1:a=1[v][a]"])


def with_moviepy(cuts: Sequence[Cut], sources: Sequence[Path], to: Path) -> Order:
    plan = {
        "cuts": [[str(sources[cut.source]), cut.in_us / 1e6, cut.out_us / 1e6] for cut in cuts],
        "width": OUTPUT.width,
        "height": OUTPUT.height,
        "rate": RATE,
        "preset": OUTPUT.preset,
        "crf": OUTPUT.crf,
        "to": str(to),
        "folder": str(to.parent),
    }
    command = [sys.executable, "-m", "tests.bench.render.with_moviepy", json.dumps(plan)]
    return Order(command=command, film=to, environment=handed_on(FFMPEG_BINARY=ffmpeg()))


def as_attempt(
    cuts: Sequence[Cut],
    sources: Sequence[Stored],
    store: FolderStore,
    folder: Path,
    export: str,
    chunks: str = "",
    output: Output = OUTPUT,
) -> Order:
    """As the local runner starts it. Exports with the same `chunks` are of one project, and share what they keep."""
    keys = AttemptKeys(export=export, number=1)
    store.put(keys.spec, pack(spec(cuts, sources, f"projects/{chunks or export}/chunks", output)))
    folder.mkdir()
    command = [sys.executable, "-m", "modal_functions.local", str(folder), CALL, keys.export, "1", KIND]
    return Order(command=command, letter=pack({"store": "folder", "root": str(store.root)}), keys=keys)


def silenced(order: Order) -> Order:
    """The same attempt, but nothing of its progress is written."""
    command = ["tests.bench.render.silent" if each == "modal_functions.local" else each for each in order.command]
    return Order(command=command, letter=order.letter, keys=order.keys)


def spec(cuts: Sequence[Cut], sources: Sequence[Stored], chunks: str, output: Output = OUTPUT) -> dict[str, Any]:
    clips = [
        {"source": sources[cut.source].key, "sha256": sources[cut.source].sha256, "in_us": cut.in_us}
        | {"out_us": cut.out_us}
        for cut in cuts
    ]
    return {
        "chunks": chunks,
        "sources": [{"key": each.key, "name": Path(each.key).name, "bytes": each.bytes} for each in sources],
        "film": {"output": output.as_wire(), "clips": clips},
    }


def _seconds(us: int) -> str:
    return f"{us / 1e6:.6f}"
