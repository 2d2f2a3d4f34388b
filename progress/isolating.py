"""Names that are written from right to left, in sentences and titles that are not."""

import unicodedata

TURNING = frozenset({"R", "AL"})  # letters that are written from right to left


def isolated(name: str) -> str:
    """In plain text too: what is written from right to left turns nothing round beside it."""
    turns = any(unicodedata.bidirectional(each) in TURNING for each in name)
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if turns else name
