"""What others say, as every page and every database takes it. Standard library only."""

import math
import re
from typing import Any


def code(value: object) -> str:
    """A plain word or none: it becomes a cause that is counted by."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,39}|", value) else "internal"


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def storable(value: object) -> dict[str, Any]:
    """An object of JSON, without what no database takes; nothing where it is none."""
    try:
        plain = _taken(value)
    except RecursionError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _taken(value: object) -> Any:
    """No NUL, no half of a character, no number that is none."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "ignore").decode()
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {_taken(str(name)): _taken(each) for name, each in value.items()}
        case list():
            return [_taken(each) for each in value]
    return value
