"""What a child gives away before it looks at a file: the network, other programs and processes, and every file but
those it was asked about and those it is made of. A file that takes its decoder over has then nowhere to go."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from modal_functions.media import kernel

ROOT: Final = Path(__file__).parents[2]
NETWORKED: Final = frozenset({"clip_it.fetch"})  # judges each connection itself, by the number it goes to
READ: Final = frozenset({"path", "paths", "raw", "labels", "pieces", "sound", "model"})
WRITTEN: Final = frozenset({"to", "folder"})
OF_THE_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/nix/store"),
    *(
        "/proc/self",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/sys/devices/system",
        "/sys/fs/cgroup",
        "/dev/urandom",
        "/dev/random",
    ),
)
OF_THE_NETWORK: Final = (
    *("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services"),
    *("/etc/protocols", "/etc/passwd", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/run/systemd/resolve"),
)
EMPTY: Final = ("/dev/null", "/dev/zero", "/dev/full")


def confine(request: Mapping[str, Any]) -> None:
    """For good. The paths in the request are found by the names they stand under, never by what a text looks like."""
    network = request.get("do") in NETWORKED
    refused = kernel.OTHERS if network else (*kernel.NETWORK, *kernel.OTHERS)
    readable = (*_made_of(), *map(Path, OF_THE_NETWORK if network else ()), *_named(request, READ))
    writable = (*map(Path, EMPTY), *(place for path in _named(request, WRITTEN) for place in _to_write(path)))
    kernel.hold_files((*readable, *_behind(writable)), writable, network=network)
    kernel.hold_calls(refused)


def _made_of() -> Iterator[Path]:
    """Python and what is installed; of the project, nothing but the work: the database and its key may lie beside."""
    yield from map(Path, OF_THE_SYSTEM)
    yield ROOT / "modal_functions"
    for place in (sys.prefix, sys.base_prefix, *sys.path):
        path = Path(place)
        if path.is_absolute() and path.resolve() not in (ROOT, *ROOT.parents):
            yield path


def _named(value: Any, names: frozenset[str], name: str = "") -> Iterator[Path]:
    match value:
        case str() if name in names and value.startswith("/"):
            yield Path(value)
        case dict():
            for each, inner in value.items():
                yield from _named(inner, names, each)
        case list() | tuple():
            for inner in value:
                yield from _named(inner, names, name)


def _to_write(path: Path) -> Iterator[Path]:
    """A folder, or a file that is there; what is to be made needs the folder it is made in."""
    yield path if path.exists() else path.parent


def _behind(folders: tuple[Path, ...]) -> Iterator[Path]:
    """What was laid into a folder as a link is kept elsewhere."""
    for folder in folders:
        if folder.is_dir():
            with os.scandir(folder) as entries:
                yield from (Path(entry.path) for entry in entries if entry.is_symlink())


def held() -> dict[str, bool]:
    """What the process that asks is really kept from, found by trying it."""
    return {
        "network": _is_kept_from(lambda: socket.socket().close()),
        "programs": _is_kept_from(lambda: os.execv("/nothing/is/here", ["nothing"])),  # noqa: S606
        "files": _is_kept_from(lambda: os.scandir("/").close()),
    }


def _is_kept_from(act: Callable[[], object]) -> bool:
    try:
        act()
    except PermissionError:
        return True
    except OSError:
        return False
    return False
