"""Places in a film as people type and read them: 2.5, 1:02.250, 1:00:00. Kept as whole microseconds."""

import re

from django.utils.translation import gettext as _

US = 1_000_000
LONGEST = 100 * 3600 * US
TYPED = re.compile(r"(?:(?:([0-9]{1,2}):)?([0-9]{1,3}):)?([0-9]{1,6})(?:[.,]([0-9]{1,6}))?(?:\s*s)?")


def parse(text: str) -> int:
    """Microseconds; a ValueError with what was expected instead."""
    found = TYPED.fullmatch(text.strip())
    if found is None:
        said = _("Expected seconds, or minutes and seconds, such as 2.5 or 1:02.250, got “%(typed)s”.")
        raise ValueError(said % {"typed": text[:40]})
    hours, minutes, seconds, rest = found.groups()
    if (minutes and int(seconds) >= 60) or (hours and int(minutes) >= 60):
        said = _(
            "Expected seconds, or minutes and seconds, such as 2.5 or 1:02.250, and at most 59 behind a colon,"
            " got “%(typed)s”."
        )
        raise ValueError(said % {"typed": text[:40]})
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return min(LONGEST, whole * US + int((rest or "0").ljust(6, "0")))


def show(us: int) -> str:
    """0:02.5, 1:02.25, 1:00:00; parse() reads it back to the same microsecond."""
    seconds, rest = divmod(us, US)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    front = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{front}.{rest:06d}".rstrip("0") if rest else front


def roughly(us: int) -> str:
    """To the tenth of a second, for those who only read."""
    return show(round(us / 100_000) * 100_000)
