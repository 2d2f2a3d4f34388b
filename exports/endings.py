"""Whether a file is what its name says: one that claims to be another sort is meant to be opened by somebody else."""

from pathlib import PurePath
from typing import Final

FAMILIES: Final = {
    "an MP4 or QuickTime film": (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".m4a", ".mj2"),
    "a Matroska or WebM film": (".mkv", ".webm", ".mka", ".mk3d"),
    "an AVI film": (".avi",),
    "an MPEG transport stream": (".ts", ".mts", ".m2ts"),
    "an MPEG film": (".mpg", ".mpeg", ".vob"),
}
# What a browser or a desktop would open as something that runs, or that leads elsewhere.
NO_FILMS: Final = frozenset(
    {
        *(".html", ".htm", ".xhtml", ".shtml", ".svg", ".svgz", ".xml", ".xsl", ".js", ".mjs", ".css", ".swf", ".pdf"),
        *(".exe", ".com", ".bat", ".cmd", ".ps1", ".msi", ".scr", ".dll", ".jar", ".sh", ".py", ".php", ".desktop"),
        *(".lnk", ".url", ".hta", ".vbs", ".wsf", ".app", ".apk", ".deb", ".rpm", ".dmg", ".iso", ".zip", ".gz", ".7z"),
        *(".m3u", ".m3u8", ".mpd", ".pls", ".xspf", ".asx", ".smil", ".sdp", ".cue", ".edl", ".otio", ".srt", ".vtt"),
        *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ico", ".txt", ".json", ".csv", ".eml"),
    }
)
OF_ISO: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def disagreement(name: str, beginning: bytes) -> str:
    """A sentence where the file's name and its first bytes say different things; nothing where they agree, or where
    one of them says nothing."""
    ending, found = PurePath(name.lower()).suffix, family(beginning)
    if not found or ending in FAMILIES[found]:
        return ""
    if ending in NO_FILMS or any(ending in endings for endings in FAMILIES.values()):
        usual = FAMILIES[found][0]
        return f"It is called {ending}, but it is {found}. Name it {usual}, if it is your video, and upload it again."
    return ""


def family(beginning: bytes) -> str:
    """By the first bytes alone; nothing is decoded."""
    iso, matroska, avi, transport, program = FAMILIES
    if beginning[4:8] in OF_ISO:
        return iso
    if beginning.startswith(b"\x1aE\xdf\xa3"):
        return matroska
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"AVI ":
        return avi
    if any(beginning[at::step][:2] == b"GG" for at, step in ((0, 188), (4, 192))):
        return transport
    return program if beginning.startswith((b"\0\0\1\xba", b"\0\0\1\xb3")) else ""
