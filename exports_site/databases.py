"""The databases that an installation can stand on, and how each is spoken with."""

from typing import Any

import dj_database_url

SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN and waits for it; a DEFERRED transaction that reads first
    # and writes later fails "database is locked" at once, whatever the timeout.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}
POSTGRES_OPTIONS = {
    "options": "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
    # A machine that is gone without a word, as when another takes over, refuses nothing: by itself Linux goes on
    # sending to it for a quarter of an hour, and waits for its answers for two hours.
    "connect_timeout": 5,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
SQLITE = "django.db.backends.sqlite3"
ENGINES: dict[str, dict[str, Any]] = {SQLITE: SQLITE_OPTIONS, "django.db.backends.postgresql": POSTGRES_OPTIONS}


def database_at(url: str) -> dict[str, Any] | None:
    """None for what cannot be read, for other databases, and for those that no second process could share."""
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError):
        return None
    whole = "://" in url and found["ENGINE"] in ENGINES and found["NAME"] not in ("", ":memory:")
    return found if whole else None
