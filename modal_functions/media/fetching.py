# ruff: noqa: PLC0415 - yt-dlp is imported only where something is fetched
"""Fetches a video from an address with yt-dlp, in a child process that can connect to nothing but what it may.

What leads where is not judged by the name: every connection of the process is, by the number it goes to and at the
moment it is made. So neither a redirect nor a name that answers differently the second time leads anywhere else."""

import ipaddress
import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modal_functions.addresses import Address, is_of_the_world
from modal_functions.media.errors import MediaError

LONGEST_ADDRESS = 2000
PLAIN = re.compile(r"https?://[!-~]+", re.ASCII)
SOCKET_SECONDS = 20.0
NAME = "fetched"
# One file with both picture and sound, by plain HTTP: all else would need other programs, which are not held back.
FORMAT = "best[protocol^=http][vcodec!=none][acodec!=none]/best[protocol^=http]"
NOT_HELD = ("curl_cffi", "websockets")  # they connect in ways of their own
PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"})
TALKS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})

MayReach = Callable[[Address], bool]
OnBytes = Callable[[int, int | None], None]


class Held(OSError):
    """A connection that is not made, or a program that is not started."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    bytes: int
    seconds: int  # how long the video may be
    patience: float  # seconds for all of it


@dataclass(frozen=True, kw_only=True)
class Fetched:
    path: Path
    title: str


def check_address(address: str) -> None:
    """Refused in a sentence where it is no plain address of http or https."""
    expected = "Expected the address of a video, such as https://example.com/talk."
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise MediaError("unsupported", expected) from None
    if not PLAIN.fullmatch(address) or not host or len(address) > LONGEST_ADDRESS:
        raise MediaError("unsupported", expected)
    if parts.username is not None or parts.password is not None:
        raise MediaError("unsupported", "Expected an address without a name and a password in it.")


def anywhere(address: Address) -> bool:
    return True


def hold(may_reach: MayReach) -> list[str]:
    """From now on and for good, this process connects only where it may. What it was kept from is told in the list."""
    for name in NOT_HELD:
        sys.modules[name] = None  # type: ignore[assignment] # an import of it fails, as if it were not installed
    kept_from: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in PROGRAMS:
            raise Held(f"no program is started here: {event}")
        if event in TALKS and not _may_talk(arguments, may_reach):
            kept_from.append(str(arguments[1])[:100])
            raise Held("this address is not connected to")

    sys.addaudithook(watch)
    return kept_from


def _may_talk(arguments: tuple[Any, ...], may_reach: MayReach) -> bool:
    """Only to a number: what is a name would be looked up once more after this."""
    spoken, place = arguments[0], arguments[1]
    if place is None:  # of a socket that is connected already
        return True
    if spoken.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(place, tuple):
        return False
    try:
        return may_reach(ipaddress.ip_address(str(place[0]).partition("%")[0]))
    except ValueError:
        return False


def fetch(address: str, folder: Path, bounds: Bounds, *, private: bool, on_bytes: OnBytes) -> Fetched:
    check_address(address)
    kept_from = hold(anywhere if private else is_of_the_world)
    from yt_dlp import YoutubeDL
    from yt_dlp.utils import DownloadCancelled, YoutubeDLError

    asked = _asked(folder, bounds, _counting(bounds, on_bytes))
    try:
        with YoutubeDL(asked) as loader:
            found = loader.extract_info(address, download=True)
    except DownloadCancelled as error:
        raise MediaError("too_long", str(error)) from None
    except YoutubeDLError as error:
        raise _refusal(str(error), kept_from) from None
    path = next((each for each in folder.glob(f"{NAME}.*") if each.suffix != ".part"), None)
    if path is None or not path.stat().st_size:
        raise _refusal("there was nothing in it", kept_from)
    if path.stat().st_size > bounds.bytes:
        raise _too_large(bounds)
    return Fetched(path=path, title=str((found or {}).get("title") or "")[:200])


def _asked(folder: Path, bounds: Bounds, hook: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    from yt_dlp.utils import DownloadCancelled

    def fits(found: dict[str, Any], *, incomplete: bool = False) -> None:
        if found.get("is_live"):
            raise DownloadCancelled("This is a live stream, which has no end yet.")
        if (found.get("duration") or 0) > bounds.seconds:
            raise DownloadCancelled(f"This video is longer than it may be: {bounds.seconds // 60:,} minutes.")
        if (found.get("filesize") or found.get("filesize_approx") or 0) > bounds.bytes:
            raise DownloadCancelled(str(_too_large(bounds)))

    return {
        "format": FORMAT,
        "outtmpl": {"default": str(folder / f"{NAME}.%(ext)s")},
        "paths": {"home": str(folder), "temp": str(folder)},
        "proxy": "",
        "noplaylist": True,
        "playlist_items": "1",
        "match_filter": fits,
        "progress_hooks": [hook],
        "socket_timeout": SOCKET_SECONDS,
        "retries": 3,
        "extractor_retries": 1,
        "fixup": "never",
        "hls_prefer_native": True,
        "enable_file_urls": False,
        "allow_unplayable_formats": False,
        "cachedir": False,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "consoletitle": False,
        "color": "never",
    }


def _counting(bounds: Bounds, on_bytes: OnBytes) -> Callable[[dict[str, Any]], None]:
    from yt_dlp.utils import DownloadCancelled

    until = time.monotonic() + bounds.patience

    def hook(told: dict[str, Any]) -> None:
        done, total = int(told.get("downloaded_bytes") or 0), told.get("total_bytes")
        if done > bounds.bytes or (total or 0) > bounds.bytes:
            raise DownloadCancelled(str(_too_large(bounds)))
        if time.monotonic() > until:
            raise DownloadCancelled(f"Fetching it took longer than it may: {bounds.patience / 60:,.0f} minutes.")
        on_bytes(done, int(total) if total else None)

    return hook


def _too_large(bounds: Bounds) -> MediaError:
    return MediaError("too_long", f"This video is larger than the {bounds.bytes / 1e9:.3g} GB that it may be.")


def _refusal(said: str, kept_from: list[str]) -> MediaError:
    if kept_from:
        return MediaError("unsupported", "This address leads into a private network, which is not fetched from.")
    if "Unsupported URL" in said or "is not a valid URL" in said:
        return MediaError("unsupported", "No video was found at this address.")
    plain = " ".join(said.removeprefix("ERROR: ").split())
    return MediaError("result_invalid", f"The video could not be fetched: {plain[:200].rstrip('.')}.")
