"""What is shown or handed on of rows, files and logs, without what would open a door."""

import os
import re
from typing import Any

from django.conf import settings

HIDDEN = "•••"
SECRET = re.compile(r"token|secret|password|authorization|credential|signature|(^|_)key$|session|cookie", re.IGNORECASE)
PLAIN = frozenset({"result_key", "key"})  # names of objects in the store
IN_TEXT = re.compile(
    r"((?:token|secret|password|signature|authorization|credential)[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+"
    r"|(://[^/\s:@]+:)[^@\s]+(?=@)",
    re.IGNORECASE,
)
# What is made while the site runs: a signed link, a token, what signs webhooks.
FORMS = re.compile(r"[\w.-]{16,}:1[A-Za-z0-9]{5}:[\w-]{43}|\blh_[0-9a-f]{12}_[\w-]{43}|whsec_[A-Za-z0-9+/=]{40,}")
SHORTEST = 6  # shorter values are no secrets, and would be found everywhere


def masked(value: Any, name: str = "") -> Any:
    """The same shape; values under a telling name are hidden, and so are this site's own secrets wherever they are."""
    if isinstance(value, dict):
        return {key: masked(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each, name) for each in value]
    if name not in PLAIN and SECRET.search(name) and value not in (None, "", {}, []):
        return HIDDEN
    return text(value) if isinstance(value, str) else value


def text(said: str) -> str:
    for secret in _own():
        said = said.replace(secret, HIDDEN)
    said = FORMS.sub(HIDDEN, said)
    return IN_TEXT.sub(lambda found: f"{found[1] or found[2] or ''}{HIDDEN}", said)


def _own() -> list[str]:
    known = (
        settings.SECRET_KEY,
        *settings.SECRET_KEY_FALLBACKS,
        settings.STORE_SECRET,
        settings.STORE_KEY,
        settings.GRANTS_TOKEN,
        settings.METRICS_TOKEN,
        settings.NOTIFY_REPLIES,
        settings.NOTIFY_URL,
        settings.EMAIL_HOST_PASSWORD,
        os.environ.get("MODAL_TOKEN_SECRET", ""),
        str(settings.DATABASES["default"].get("PASSWORD") or ""),
    )
    return [secret for secret in known if len(secret) >= SHORTEST]
