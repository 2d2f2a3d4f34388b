"""Secrets that are not in the environment, where whoever sees the process could read them, but in a file of their own:
for each variable here, the same name with _FILE says which. As containers' secrets are handed over."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

SECRET: Final = (
    *("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "LONGHAUL_METRICS_TOKEN"),
    *("LONGHAUL_STORE_KEY", "LONGHAUL_STORE_SECRET", "LONGHAUL_STORE_GRANTS_TOKEN"),
    *("LONGHAUL_MAIL_URL", "LONGHAUL_NOTIFY_URL", "LONGHAUL_NOTIFY_REPLIES"),
    *("LONGHAUL_TIKTOK_SECRET", "LONGHAUL_INSTAGRAM_SECRET"),
)
FILES: Final = {f"{name}_FILE": name for name in SECRET}
LARGEST: Final = 16_384


class Unreadable(Exception):
    """What is wrong with the file, without a word of what is in it."""


def read(environ: Mapping[str, str], name: str) -> str:
    """What stands in the file for this variable; nothing where there is none."""
    place = environ.get(f"{name}_FILE", "").strip() if name in SECRET else ""
    if not place:
        return ""
    try:
        with Path(place).open("rb") as file:
            body = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(getattr(error, "strerror", None) or "no such name") from None
    if len(body) > LARGEST or not (text := body.decode(errors="replace").strip()):
        raise Unreadable(f"it is empty, or has more than {LARGEST:,} bytes")
    return text
