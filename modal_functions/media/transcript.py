"""What is said, and when: words, the lines in which they are read, and the two files that players take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

PAUSE = 350  # milliseconds without a word, after which another sentence may begin
LONGEST_LINE = 42  # letters, as broadcasters have it
LONGEST_CUE = 6000  # milliseconds
STOPS = (".", "!", "?", "…")


@dataclass(frozen=True, kw_only=True)
class Word:
    """In whole milliseconds of the source's clock."""

    text: str
    begin: int
    end: int

    def as_wire(self) -> list[Any]:
        return [self.text, self.begin, self.end]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> "Word":
        text, begin, end = wire
        return cls(text=str(text), begin=int(begin), end=int(end))


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A line that is shown for a while."""

    text: str
    begin: int
    end: int


def ends_sentence(word: Word, following: Word | None) -> bool:
    return following is None or following.begin - word.end >= PAUSE or word.text.endswith(STOPS)


def cues(words: Sequence[Word], *, letters: int = LONGEST_LINE) -> list[Cue]:
    """A line ends where a sentence does, or before it gets too long to be read."""
    return [_cue(line) for line in _lines(words, letters)]


def _lines(words: Sequence[Word], letters: int) -> Iterator[list[Word]]:
    line: list[Word] = []
    for number, word in enumerate(words):
        length = sum(len(each.text) + 1 for each in line) + len(word.text)
        if line and (length > letters or word.end - line[0].begin > LONGEST_CUE):
            yield line
            line = []
        line.append(word)
        if ends_sentence(word, words[number + 1] if number + 1 < len(words) else None):
            yield line
            line = []
    if line:
        yield line


def _cue(line: Sequence[Word]) -> Cue:
    text = " ".join(word.text for word in line)
    return Cue(text=text, begin=line[0].begin, end=max(line[-1].end, line[0].begin + 1))


def srt(lines: Sequence[Cue]) -> str:
    return "\n".join(
        f"{number}\n{_time(cue.begin, ',')} --> {_time(cue.end, ',')}\n{_one_line(cue.text)}\n"
        for number, cue in enumerate(lines, 1)
    )


def vtt(lines: Sequence[Cue]) -> str:
    told = (f"{_time(cue.begin, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n" for cue in lines)
    return "\n".join(["WEBVTT\n", *told])


def _time(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _one_line(text: str) -> str:
    """An arrow in what is said would be taken for a time."""
    return " ".join(text.split()).replace("-->", "→")


def _escaped(text: str) -> str:
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
