"""One damaged file is fed to everything that reads what people bring, and what comes back is judged."""

import base64
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av  # noqa: F401 - imported before the forks, so that no child has to

from exports import probing
from modal_functions.media import child
from modal_functions.media.child import Limits, Start
from modal_functions.media.chunks import Chunk
from modal_functions.media.errors import CODES, MediaError
from modal_functions.media.sound import Piece
from modal_functions.media.spec import Output
from tests.fuzz.forking import Forked

OUTPUT = Output(width=64, height=36, fps=(10, 1), quality="draft")
COPIED = Output(width=64, height=36, fps=(10, 1), quality="original")
FRAMES, SAMPLES = 4, 19_200
MEMORY = probing.MEMORY
RENDERING = Limits(memory_bytes=MEMORY, cpu_seconds=30, wall_seconds=30, file_bytes=64 << 20)
SECRET = "the-secret-that-lies-beside"  # what no answer may hold, see tests.hostile
NOT_OURS = ("Traceback", "Error", "Exception", "av.", "[Errno", " 0x", "\n", "/", "None", "nan", "inf ")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`wrong` says what no file may bring about; `died` is the signal of a child that was ended by one."""

    verb: str
    code: str
    wrong: str = ""
    died: int = 0
    seconds: float = 0.0
    peak: int = 0


def forked(command, letter):
    return Forked(letter)


def fed(path: Path, folder: Path, start: Fraction, begin: Start = forked) -> list[Verdict]:
    return [one(verb, request, limits, folder, begin) for verb, request, limits in requests(path, folder, start)]


def requests(path, folder, start):
    chunk = Chunk(key="chunk", how="encode", clip=0, source="a", start=start, first=0, frames=FRAMES)
    piece = Piece(key="piece", source="a", start=start, kept=SAMPLES, samples=SAMPLES)
    common = {"path": str(path), "folder": str(folder), "output": OUTPUT.as_wire()}
    yield "probe", common, probing.limits_of("probe")
    yield "thumbnail", common, probing.limits_of("thumbnail")
    yield "waveform", common | {"buckets": probing.COLUMNS}, probing.limits_of("waveform")
    yield "render", common | {"chunks": [chunk.as_wire()]}, RENDERING
    stretch = {"start": str(start), "frames": 10 * FRAMES}
    yield "survey", common | {"output": COPIED.as_wire(), "keys": ["survey"], "stretches": [stretch]}, RENDERING
    yield "sound", common | {"piece": piece.as_wire()}, RENDERING


def one(verb, request, limits, folder, begin=forked):
    verdict, process, _ = asked(verb, request, limits, begin, _wrong_answer)
    left = _left_over(process, folder, is_whole=not verdict.died)
    return verdict if verdict.wrong else replace(verdict, wrong=left or beyond(process, limits))


def asked(verb, request, limits, begin, judge):
    """What came of it, the process that did it, and its answer, if any; `judge` says what is wrong with that."""
    processes, answer = [], None

    def start(command, letter):
        processes.append(begin(command, letter))
        return processes[0]

    began, wrong = time.monotonic(), ""
    try:
        answer = child.run({"do": verb, **request}, limits=limits, start=start)
        code, wrong = "ok", judge(verb, answer)
    except MediaError as error:
        code, wrong = error.code, _wrong_refusal(error, request.get("path") or request["folder"])
    except Exception as error:  # noqa: BLE001 - which would end whoever asked
        code, wrong = "raised", f"{type(error).__name__} was raised: {error}"
    [process] = processes
    died = -process.returncode if process.returncode < 0 else 0
    seconds, peak = time.monotonic() - began, getattr(process, "peak", 0)
    return Verdict(verb=verb, code=code, wrong=wrong, died=died, seconds=seconds, peak=peak), process, answer


def _wrong_refusal(error, path):
    """`path` is where the file was, which is nobody's business."""
    sentence = str(error)
    notes = "\n".join(getattr(error, "__notes__", []))
    if error.code not in CODES or not sentence.endswith(".") or len(sentence) > 300 or path in sentence:
        return f"no sentence of ours: {sentence}"
    if any(word in sentence for word in NOT_OURS):
        return f"no sentence for people: {sentence}"
    if error.code == "result_invalid":
        return f"{sentence}\n{notes}"
    return ""


def _wrong_answer(verb, answer):
    if SECRET in str(answer):
        return "it tells what stands in another file"
    match verb:
        case "probe":
            sides_fit = 1 <= answer["width"] <= 8192 * 64 and 16 <= answer["height"] <= 8192 * 64
            fits = sides_fit and 0 < answer["duration_us"] <= 24 * 3_600_000_000
            right = fits and answer["fps"][0] > 0 and answer["fps"][1] > 0 and answer["channels"] >= 0
        case "thumbnail":
            right = base64.b64decode(answer["jpeg"]).startswith(b"\xff\xd8\xff")
        case "waveform":
            peaks = answer["peaks"]
            right = len(peaks) == probing.COLUMNS and min(peaks) >= 0 and max(peaks) <= 255
        case "render":
            right = [each["frames"] for each in answer["chunks"]] == [FRAMES]
        case "survey":
            right = 0 <= answer["frames"] <= 10 * FRAMES
        case "sound":
            right = answer["samples"] == SAMPLES
        case _:
            right = isinstance(answer, dict)
    return "" if right else f"an answer that cannot be: {str(answer)[:500]}"


MADE = {"chunk.mp4", "chunk.jpg", "survey.json", "piece.flac", "logo.png", "scan"}  # what was asked for


def left_behind(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        return "a process is left"
    return ""


def _left_over(process, folder, *, is_whole):
    """What a child that was killed leaves in its folder goes with the folder; who ends by himself leaves nothing."""
    if left := left_behind(process):
        return left
    names = {path.name for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    return f"left in the folder: {names}" if is_whole and names - MADE else ""


def beyond(process, limits):
    peak = getattr(process, "peak", 0)
    return f"{peak >> 20} MiB of memory" if peak > limits.memory_bytes else ""
