"""Who sends mail, read from one URL."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

# What Django takes for a host: a name or an IPv4 address, or an IPv6 address without its brackets.
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|(?=.*:)[0-9a-f.:]+", re.IGNORECASE | re.ASCII)
BACKEND = "django.core.mail.backends.{}.EmailBackend"


@dataclass(frozen=True, kw_only=True)
class MailAccount:
    """Where mail is handed over, in Django's terms."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False  # asked for on a connection that begins in the clear
    ssl: bool = False
    folder: str = ""


def mail_account(url: str, base: Path) -> MailAccount | None:
    scheme, _, rest = url.partition(":")
    if scheme == "console" and rest in ("", "//"):
        return MailAccount(backend=BACKEND.format("console"))
    if scheme == "file" and rest.removeprefix("//"):
        return MailAccount(backend=BACKEND.format("filebased"), folder=str(base / rest.removeprefix("//")))
    return _smtp(url) if scheme in ("smtp", "smtps") else None


def _smtp(url: str) -> MailAccount | None:
    """Encrypted, unless ?tls=off says that it need not be: for a relay on the machine itself."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        return None
    tls = asked.pop("tls", "on")
    wrong = asked or tls not in ("on", "off") or (parts.scheme == "smtps" and tls == "off") or port == 0
    if wrong or not HOST.fullmatch(host) or parts.path not in ("", "/") or parts.fragment:
        return None
    implicit = parts.scheme == "smtps"
    return MailAccount(
        backend=BACKEND.format("smtp"),
        host=host,
        port=port or (465 if implicit else 587 if tls == "on" else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls == "on" and not implicit,
        ssl=implicit,
    )
