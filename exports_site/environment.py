"""The configuration as the environment gives it: every value valid, every doubt a Problem for the system checks."""

import contextlib
import difflib
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exports_site import secret_files
from exports_site.databases import ENGINES, SQLITE, database_at
from exports_site.mail_account import HOST, MailAccount, mail_account
from exports_site.variables import KNOWN

LEAST_SECRET = 50  # characters
BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){0,4})/?")
REGION = re.compile(r"[a-z][a-z0-9-]{0,30}")
ADDRESS_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
MAIL_ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
SENDER = re.compile(rf'{MAIL_ADDRESS}|[^<>@,"\x00-\x1f]{{1,80}} <{MAIL_ADDRESS}>', re.ASCII)
NOTIFY_URL = re.compile(r"[a-z][a-z0-9]{1,19}://[!-~]{3,1000}", re.ASCII)
REPLY_SECRET = re.compile(r"[A-Za-z0-9_-]{20,200}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Problem:
    id: str
    said: str
    hint: str


@dataclass
class Environment:
    """Reads one variable after another; what cannot be read becomes a Problem and falls back."""

    environ: Mapping[str, str]
    base: Path
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or self._from_file(name) or default

    def _from_file(self, name: str) -> str:
        try:
            return secret_files.read(self.environ, name)
        except secret_files.Unreadable as why:
            said = f"{name}_FILE names a file that cannot be used: {why}."
            self.say("E018", said, "Let it hold the value and nothing else, readable for this user.")
            return ""

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value in choices:
            return value
        return self._fall_back("E002", name, value, f"one of {', '.join(choices)}", default)

    def switch(self, name: str, *, default: bool) -> bool:
        return self.choice(name, "on" if default else "off", ("on", "off")) == "on"

    def whole_number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if low <= _number(value) <= high:
            return _number(value)
        self._fall_back("E003", name, value, f"a whole number from {low} to {high}", str(default))
        return default

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self._fall_back("E004", name, value, "a zone such as Europe/Berlin", default)
        return value

    def bind(self, name: str, default: str) -> tuple[str, int]:
        value = self.text(name, default)
        host, _, port = value.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if HOST.fullmatch(host) and 0 < _number(port) < 65536:
            return host, _number(port)
        self._fall_back("E005", name, value, "host:port, such as 127.0.0.1:8000", default)
        return self.bind("", default)

    def hosts(self, name: str) -> list[str]:
        """Names with commas or spaces between them, as Django takes them."""
        value = self.text(name, "")
        names = re.split(r"[,\s]+", value.lower().strip(", ")) if value.strip(", ") else []
        plain = [host[1:-1] if host.startswith("[") and host.endswith("]") else host for host in names]
        if all(HOST.fullmatch(host) for host in plain):
            return [in_url(host) for host in plain]
        self._fall_back("E014", name, value, "names such as films.local, with commas between them", "")
        return []

    def public_url(self, name: str) -> str:
        """In lower case, as browsers send it: `HTTPS://…` is https too."""
        value = self.text(name, "")
        origin = value.rstrip("/").lower()
        if not value or _is_origin(origin):
            return origin
        return self._fall_back("E006", name, value, "an address such as https://exports.example.com", "")

    def address(self, name: str) -> str:
        """An origin, perhaps with a path."""
        value = self.text(name, "")
        scheme, _, rest = value.partition("://")
        host, slash, path = rest.partition("/")
        if not value or (_is_origin(f"{scheme}://{host}".lower()) and ADDRESS_PATH.fullmatch(slash + path)):
            return f"{scheme}://{host}".lower() + (slash + path).rstrip("/") if value else ""
        return self._fall_back("E006", name, value, "an address such as https://store.example.com", "")

    def bucket(self, name: str) -> tuple[str, str]:
        """Its name and the beginning of all keys in it; both empty where there is none."""
        value = self.text(name, "")
        found = BUCKET.fullmatch(value)
        if value and not found:
            self._fall_back("E012", name, value, "s3://bucket or s3://bucket/prefix", "")
        return (found[1], found[2].lstrip("/")) if found else ("", "")

    def mail(self, name: str) -> MailAccount | None:
        """Who sends mail; None where nobody does."""
        value = self.text(name, "")
        found = mail_account(value, self.base) if value else None
        if value and found is None:
            expected = "smtp://user:password@host:587, smtps://user:password@host, console: or file:folder"
            self._fall_back("E014", name, _only_scheme(value), expected, "")
        return found

    def mail_address(self, name: str, default: str) -> str:
        """One address, perhaps with a name before it."""
        value = self.text(name, "")
        if not value or SENDER.fullmatch(value):
            return value or default
        return self._fall_back("E015", name, value, "an address such as exports@example.com", default)

    def notify_url(self, name: str) -> str:
        """Its secrets are not repeated. Whether its service understands the rest is a system check's to say."""
        value = self.text(name, "")
        if not value or (NOTIFY_URL.fullmatch(value) and value.count("{to}") == 1):
            return value
        self._fall_back("E016", name, _only_scheme(value), "scheme://… of apprise, with {to} once in it", "")
        return ""

    def reply_secret(self, name: str) -> str:
        value = self.text(name, "")
        if not value or REPLY_SECRET.fullmatch(value):
            return value
        said = f"{name} is not usable; expected at least 20 letters and digits."
        self.say("E017", said, "Make one: python -c 'import secrets; print(secrets.token_urlsafe(20))'")
        return ""

    def region(self, name: str) -> str:
        value = self.text(name, "auto")
        return value if REGION.fullmatch(value) else self._fall_back("E013", name, value, "a region", "auto")

    def home(self, name: str) -> Path:
        """A ~ stands here still where no shell has read the line, as in a unit's file."""
        path = Path(self.text(name, "var"))
        with contextlib.suppress(RuntimeError):  # there is no such user
            path = path.expanduser()
        path = self.base / path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._say_home(path, error)
        return path

    def database(self, home: Path) -> dict[str, Any]:
        value = self.text("DATABASE_URL", "")
        found = database_at(value) if value else None
        if value and found is None:
            expected = "postgresql://user:password@host/name or sqlite:///file"
            self._fall_back("E007", "DATABASE_URL", _only_scheme(value), expected, "SQLite")
        found = found or {"ENGINE": SQLITE, "NAME": home / "longhaul.sqlite3"}
        options = ENGINES[found["ENGINE"]] | found.get("OPTIONS", {})
        return found | {"OPTIONS": options, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}

    def secret_key(self, home: Path, *, production: bool) -> str:
        value = self.text("SECRET_KEY", "")
        if value and len(value) < LEAST_SECRET:
            self.say(
                "E008",
                f"SECRET_KEY has {len(value)} characters; expected at least {LEAST_SECRET}.",
                "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            )
        if not value and production:
            self.say(
                "E009",
                f"SECRET_KEY is not set; expected at least {LEAST_SECRET} random characters.",
                "Give every machine of the installation the same one in its environment.",
            )
        return value or self._kept_secret(home / "secret-key")

    def keys_before(self, name: str) -> list[str]:
        """They only have to be what they were."""
        return [key for key in re.split(r"[,\s]+", self.text(name, "")) if key]

    def unknown_names(self) -> None:
        for name in self.environ:
            if name.startswith("LONGHAUL_") and name not in KNOWN and name not in secret_files.FILES:
                bare = name.removeprefix("LONGHAUL_")
                close = [bare] if bare in KNOWN else difflib.get_close_matches(name, KNOWN, n=1)
                self.say(
                    "W001",
                    f"{name} is set, but it is not a setting of Longhaul.",
                    f"Did you mean {close[0]}?" if close else f"Known are {', '.join(sorted(KNOWN))}.",
                )

    def _kept_secret(self, path: Path) -> str:
        """The installation's own secret, made at the first start."""
        try:
            if not path.exists():
                _create_once(path, secrets.token_urlsafe(LEAST_SECRET))
            kept = path.read_text(errors="replace").strip()
        except OSError as error:
            self._say_home(path, error)
            return secrets.token_urlsafe(LEAST_SECRET)
        if len(kept) >= LEAST_SECRET:
            return kept
        self.say(
            "E011",
            f"{path} holds {len(kept)} characters; expected at least {LEAST_SECRET}.",
            "Remove it: the next start makes a new one, and everybody has to sign in again.",
        )
        return secrets.token_urlsafe(LEAST_SECRET)

    def _say_home(self, path: Path, error: OSError) -> None:
        self.say(
            "E010",
            f"{path} cannot be made or read: {error.strerror}.",
            "Set LONGHAUL_HOME to a folder that this user may write.",
        )

    def _fall_back(self, id: str, name: str, value: str, expected: str, default: str) -> str:  # noqa: A002
        self.say(id, f"{name} is {value!r}; expected {expected}.", KNOWN.get(name, ""))
        return default

    def say(self, id: str, said: str, hint: str) -> None:  # noqa: A002
        self.problems.append(Problem(id=f"longhaul.{id}", said=said, hint=hint))


def is_loopback(host: str) -> bool:
    """Whether only this machine can ask there."""
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _number(text: str) -> int:
    """-1 for what is none; int() takes more than people mean, and raises for thousands of digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1


def _is_origin(value: str) -> bool:
    """http or https, a host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = f"{parts.scheme}://{in_url(host)}"
    return (
        parts.scheme in ("http", "https") and HOST.fullmatch(host) is not None and value in (plain, f"{plain}:{port}")
    )


def _only_scheme(url: str) -> str:
    """What may be shown of an address that may hold a password, even of a mistyped one."""
    scheme, mark, _ = url.partition("://")
    return f"{scheme}://…" if mark and scheme.isalnum() else "…"


def _create_once(path: Path, text: str) -> None:
    """link() lets one of several first starts win, with the whole text there from the first moment."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:  # made with mode 0600
        file.write(text)
        file.flush()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(file.name)
