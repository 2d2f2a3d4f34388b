"""The configuration as the environment gives it: every value valid, every doubt a Problem for the system checks."""

import contextlib
import difflib
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url

KNOWN = {
    "DATABASE_URL": "postgresql://user:password@host/name; without it SQLite in LONGHAUL_HOME",
    "SECRET_KEY": "at least 50 random characters; without it one is made and kept in LONGHAUL_HOME",
    "LONGHAUL_HOME": "the folder of the database, the store and the secret key (var)",
    "LONGHAUL_URL": "the public address, such as https://exports.example.com; with it this is production",
    "LONGHAUL_BIND": "where the web server listens (127.0.0.1:8000)",
    "LONGHAUL_WEB_PROCESSES": "web server processes (1)",
    "LONGHAUL_CLUSTER_PROCESSES": "worker processes of the django-q2 cluster (2)",
    "LONGHAUL_GUESTS": "on or off: may a visitor start without an account (on)",
    "LONGHAUL_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR (INFO)",
    "LONGHAUL_POLL_SECONDS": "how often a page asks for news (2)",
    "LONGHAUL_POLLS_FROM_MEMORY": "on or off: answer polls from rows kept in memory, at most half a second old (off)",
    "LONGHAUL_TIME_ZONE": "the zone of times shown before a viewer's own is known (UTC)",
}
SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN and waits for it; a DEFERRED transaction that reads first
    # and writes later fails "database is locked" at once, whatever the timeout.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}
POSTGRES_OPTIONS = {
    "options": "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
}


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
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value in choices:
            return value
        return self._fall_back("E002", name, value, f"one of {', '.join(choices)}", default)

    def switch(self, name: str, *, default: bool) -> bool:
        return self.choice(name, "on" if default else "off", ("on", "off")) == "on"

    def whole_number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
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
        if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            return host.strip("[]"), int(port)
        self._fall_back("E005", name, value, "host:port, such as 127.0.0.1:8000", default)
        return self.bind("", default)

    def public_url(self, name: str) -> str:
        value = self.text(name, "").rstrip("/")
        parts = urlsplit(value)
        if not value or (parts.scheme in ("http", "https") and parts.hostname and not parts.path):
            return value
        return self._fall_back("E006", name, value, "an address such as https://exports.example.com", "")

    def home(self, name: str) -> Path:
        return self.base / self.text(name, "var")

    def database(self, home: Path) -> dict[str, Any]:
        sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": home / "longhaul.sqlite3"}
        value = self.text("DATABASE_URL", "")
        try:
            found: dict[str, Any] = dict(dj_database_url.parse(value)) if value else dict(sqlite)
        except (ValueError, KeyError):
            found = {}
        engine = found.get("ENGINE", "").rpartition(".")[2]
        if engine not in ("sqlite3", "postgresql"):
            # The value itself may hold a password, so only its scheme is named.
            self._fall_back(
                "E007",
                "DATABASE_URL",
                value.partition("://")[0] + "://…",
                "postgresql://user:password@host/name or sqlite:///file",
                "SQLite",
            )
            found, engine = dict(sqlite), "sqlite3"
        options = SQLITE_OPTIONS if engine == "sqlite3" else POSTGRES_OPTIONS
        found["OPTIONS"] = {**options, **found.get("OPTIONS", {})}
        return found | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}

    def secret_key(self, home: Path, *, production: bool) -> str:
        value = self.text("SECRET_KEY", "")
        if value and len(value) < 50:
            self.say(
                "E008",
                f"SECRET_KEY has {len(value)} characters; expected at least 50.",
                "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            )
        if not value and production:
            self.say(
                "E009",
                "SECRET_KEY is not set; expected at least 50 random characters.",
                "Give every machine of the installation the same one in its environment.",
            )
        return value or _kept_secret(home / "secret-key", self)

    def unknown_names(self) -> None:
        for name in self.environ:
            if name.startswith("LONGHAUL_") and name not in KNOWN:
                close = difflib.get_close_matches(name, KNOWN, n=1)
                self.say(
                    "W001",
                    f"{name} is set, but it is not a setting of Longhaul.",
                    f"Did you mean {close[0]}?" if close else f"Known are {', '.join(sorted(KNOWN))}.",
                )

    def _fall_back(self, id: str, name: str, value: str, expected: str, default: str) -> str:  # noqa: A002
        self.say(id, f"{name} is {value!r}; expected {expected}.", KNOWN.get(name, ""))
        return default

    def say(self, id: str, said: str, hint: str) -> None:  # noqa: A002
        self.problems.append(Problem(id=f"longhaul.{id}", said=said, hint=hint))


def _kept_secret(path: Path, environment: Environment) -> str:
    """The installation's own secret, made at the first start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create_once(path, secrets.token_urlsafe(50))
        return path.read_text()
    except OSError as error:
        environment.say(
            "E010",
            f"{path} cannot be made or read: {error.strerror}.",
            "Set LONGHAUL_HOME to a folder that this user may write.",
        )
        return secrets.token_urlsafe(50)


def _create_once(path: Path, text: str) -> None:
    """link() lets one of several first starts win, with the whole text there from the first moment."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:  # made with mode 0600
        file.write(text)
        file.flush()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(file.name)
