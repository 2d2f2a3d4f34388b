"""A text message as a phone network counts it: 160 characters of an alphabet of its own, some of which count twice."""

import unicodedata

MOST = 160
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("\f^{}\\[~]|€")
SPELLED = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "×": "x", "\t": " "}
)
CUT = "..."


def length(text: str) -> int:
    """In septets, of what plain() has made."""
    return sum(2 if character in TWICE else 1 for character in text)


def plain(text: str) -> str:
    """In the alphabet: an accent that it does not know is left out, any other character becomes a question mark."""
    return "".join(_plain(character) for character in text.translate(SPELLED))


def _plain(character: str) -> str:
    if character in BASIC or character in TWICE:
        return character
    base = unicodedata.normalize("NFKD", character)
    kept = "".join(each for each in base if each in BASIC or each in TWICE)
    if kept:
        return kept
    return "" if unicodedata.combining(character) else "?"


def cut(text: str, most: int) -> str:
    """The beginning of it that fits, with three dots where something is missing."""
    if length(text) <= most:
        return text
    room, kept = most - len(CUT), ""
    for character in text:
        if length(kept + character) > room:
            break
        kept += character
    return kept.rstrip() + CUT if room > 0 else ""


def fitted(said: str, title: str, rest: tuple[str, ...], end: str) -> str:
    """`said` holds {title}. The title is cut first, then left out; then what is in `rest`, from its end; `end`, which
    is the way to the page, last of all."""
    title, end = _readable(title), plain(end)
    for count in range(len(rest), -1, -1):
        tail = plain("".join(rest[:count])) + end
        for shown in _titles(title, MOST - length(plain(said.format(title=""))) - length(tail) - 3):
            text = plain(said.format(title=f' "{shown}"' if shown else "")) + tail
            if length(text) <= MOST:
                return text
    return cut(plain(said.format(title="")), MOST)


def _readable(title: str) -> str:
    """In the alphabet; nothing, where that would be mostly question marks: of another script, or all pictures."""
    shown = plain(title)
    return shown if 2 * (shown.count("?") - title.count("?")) < len(title) - title.count(" ") else ""


def _titles(title: str, room: int) -> tuple[str, ...]:
    """As much of it as there is room for, if that is enough to know it by; else none."""
    shown = cut(title, room) if title else ""
    return (shown, "") if length(shown) >= min(8, length(title)) and shown else ("",)
