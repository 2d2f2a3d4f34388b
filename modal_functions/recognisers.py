"""Which recogniser of speech there is on this machine. `model` is the folder of one for faster-whisper, or empty."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

FILES = ("model.bin", "tokenizer.json")  # of a model; the second would be downloaded, if it were not there


def recogniser(model: str) -> str:
    """Which one it will be; part of the name of what it has heard."""
    if model:
        return f"faster-whisper {Path(model).name}"
    with suppress(PackageNotFoundError):
        return f"pocketsphinx {version('pocketsphinx')}"
    return ""


def missing(model: str) -> str:
    """What hearing lacks here; nothing where it can be done."""
    if model:
        if find_spec("faster_whisper") is None:
            return "the Python package faster_whisper (pip install '.[whisper]'), or no LONGHAUL_WHISPER_MODEL"
        absent = [name for name in FILES if not (Path(model) / name).is_file()]
        return f"{' and '.join(absent)} of a model for faster-whisper in {model}" if absent else ""
    if find_spec("pocketsphinx") is None:
        return "a recogniser of speech (pip install '.[clips]' brings one with its model)"
    return ""


def missing_to_fetch() -> str:
    """What fetching from an address lacks here."""
    return "" if find_spec("yt_dlp") else "the Python package yt_dlp (pip install '.[clips]')"
