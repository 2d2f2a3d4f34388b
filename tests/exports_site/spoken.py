"""What a template says to people without being marked for translation, found in its source."""

import re
from collections.abc import Iterator

from django.template.base import Lexer, Token, TokenType

READ_OUT = {"alt", "aria-label", "placeholder", "title", "data-granted", "data-refused"}
SILENT = {"script", "style", "code"}
MARKED = re.compile(r"(?:end)?(?:blocktrans(?:late)?|comment)\b")  # and what nobody is shown
NAMES = {"Longhaul", "SHA", "Standard", "Webhooks", "lh_", "s", "sha256sum", "c"}  # the same in every language

Segment = list[Token | str]  # variables, and the text around them


def unmarked(source: str) -> list[str]:
    found = []
    for segment in segments(source):
        text = "".join(part for part in segment if isinstance(part, str))
        if set(re.findall(r"[^\W\d_][\w]*", re.sub(r"&\w+;", "", text))) - NAMES:
            found.append(" ".join(text.split()))
    return found


def segments(source: str) -> Iterator[Segment]:
    """What stands together between two tags, of HTML or of a template, or in an attribute that is read out."""
    reader, marked = _Reader(), False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            if MARKED.match(token.contents):
                marked = not token.contents.startswith("end")
            yield from reader.cut()
        elif token.token_type == TokenType.VAR and not marked:
            reader.add(token)
        elif token.token_type == TokenType.TEXT and not marked:
            yield from reader.read(token.contents)
    yield from reader.cut()


class _Reader:
    def __init__(self) -> None:
        self.here: Segment = []
        self.place, self.tag, self.silent = "text", "", ""

    def add(self, part: Token | str) -> None:
        if self.place in ("text", "read") and not self.silent:
            self.here.append(part)

    def cut(self) -> Iterator[Segment]:
        if self.here:
            yield self.here
        self.here = []

    def read(self, source: str) -> Iterator[Segment]:
        for part in re.split(r"(<!--.*?-->|<|>|\")", source, flags=re.DOTALL):
            if self.place == "text" and part == "<":
                yield from self.cut()
                self.place, self.tag = "tag", ""
            elif self.place in ("tag", "read", "quoted") and part == '"':
                yield from self.cut()
                self.place = self._quoted() if self.place == "tag" else "tag"
            elif self.place == "tag" and part == ">":
                self._close()
            elif self.place == "tag":
                self.tag += part
            elif not part.startswith("<!--"):
                self.add(part)

    def _quoted(self) -> str:
        name = re.search(r"([\w-]+)=$", self.tag)
        return "read" if name and name[1] in READ_OUT else "quoted"

    def _close(self) -> None:
        name = re.match(r"/?([\w!]*)", self.tag)
        if name and name[1] in SILENT:
            self.silent = "" if self.tag.startswith("/") else name[1]
        self.place = "text"
