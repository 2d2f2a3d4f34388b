"""A language in which all that can be translated stands in brackets: what stands outside of them was not marked."""

import ast
import re
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import django
from django.contrib import auth

ROOT = Path(__file__).parents[2]
LANGUAGE = "art"  # nobody's
OPEN, SHUT = "⟦", "⟧"
CATALOGUES = [
    *(Path(package.__file__).parent / "locale/en/LC_MESSAGES/django.po" for package in (auth,)),
    Path(django.__file__).parent / "conf/locale/en/LC_MESSAGES/django.po",
    ROOT / "locale/en/LC_MESSAGES/django.po",
]
TEXT = r"((?:\"(?:[^\"\\]|\\.)*\"\n)+)"
ENTRY = re.compile(rf"^(?:msgctxt {TEXT})?msgid {TEXT}(?:msgid_plural {TEXT})?", re.MULTILINE)
HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
READ_OUT = {"alt", "aria-label", "aria-valuetext", "placeholder", "title", "data-say", "data-granted", "data-refused"}
SILENT = {"script", "style", "code"}


def compile_into(folder: Path) -> None:
    """The catalogue of this language, as Django reads it."""
    place = folder / LANGUAGE / "LC_MESSAGES"
    place.mkdir(parents=True)
    texts = {"": HEADER} | {key: said for path in CATALOGUES for key, said in _entries(path.read_text())}
    (place / "django.mo").write_bytes(_compiled(texts))


def outside(html: str) -> list[str]:
    """The words of a page that stand in no brackets, with what stands around them."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.found


def bare(text: str) -> str:
    return _split(text, 0)[0]


def _entries(catalogue: str) -> Iterator[tuple[str, str]]:
    for context, one, many in ENTRY.findall(catalogue):
        texts = [ast.literal_eval(f"({each})") for each in (one, many) if each]
        if texts[0]:
            before = f"{ast.literal_eval(f'({context})')}\4" if context else ""
            yield before + "\0".join(texts), "\0".join(f"{OPEN}{text}{SHUT}" for text in texts)


def _compiled(texts: dict[str, str]) -> bytes:
    """GNU's format: two tables of lengths and places, then the texts themselves, sorted."""
    rows = [(key.encode(), said.encode()) for key, said in sorted(texts.items())]
    at = 28 + 16 * len(rows)
    tables, body = [], b""
    for column in (0, 1):
        for row in rows:
            tables.append(struct.pack("<2I", len(row[column]), at + len(body)))
            body += row[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, 0)
    return head + b"".join(tables) + body


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.depth = self.silent = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        for name, value in attrs:
            if name in READ_OUT and (left := bare(value or "")):
                self._find(left, value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            left, self.depth = _split(data, self.depth)
            self._find(left, data)

    def _find(self, left: str, whole: str) -> None:
        words = {word for word in re.findall(r"\w+", left) if len(word) > 1 and word.isascii() and word.isalpha()}
        if words - NAMES:
            self.found.append(" ".join(whole.split()))


def _split(text: str, depth: int) -> tuple[str, int]:
    left = ""
    for part in re.split(f"([{OPEN}{SHUT}])", text):
        if part in (OPEN, SHUT):
            depth += 1 if part == OPEN else -1
        elif depth == 0:
            left += part
    return left, depth


# The same in every language: names, and what is counted in.
NAMES = {"Longhaul", "UTC", "kB", "MB", "GB", "TikTok", "Instagram", "Lanczos", "MOV", "ProRes", "WebM", "min"}
