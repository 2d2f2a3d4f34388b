"""What a platform has answered, whatever shape it came in: read as what was expected, or as nothing."""

import math
import re
from typing import Any

LONGEST = 200


def text(value: Any) -> str:
    """A line that every database and every page takes: without what only machines read, and no halves of characters."""
    return "".join(each for each in value if each.isprintable())[:LONGEST] if isinstance(value, str) else ""


def name(value: Any) -> str:
    """An id: some platforms send it as text, some as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**30 else ""
    return text(value)


def token(value: Any) -> str:
    """As it can be sent in a header."""
    return value if isinstance(value, str) and re.fullmatch(r"[!-~]{1,4000}", value) else ""


def is_url(value: str) -> bool:
    """One that can be asked and kept; whether it may be asked is another question."""
    return re.fullmatch(r"https?://[!-~]{1,4000}", value) is not None


def part(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63 else 0


def amount(value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15
    return float(value) if good and math.isfinite(value) else 0.0
