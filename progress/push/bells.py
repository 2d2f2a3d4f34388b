"""What tells the hub that rows have moved: Postgres says which, SQLite only that something has."""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection

logger = logging.getLogger("progress")

CHANNEL = "progress_job"  # see the migration that makes the trigger
TOGETHER = 0.03  # seconds: what moves within them is read with one query
LOOK_EACH = 0.1
AGAIN_AFTER = 1.0
CHOSEN = (  # of how the database is spoken with; not how long a question may take, for this one takes for ever
    *("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert"),
    *("connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count"),
)

Rung = Callable[[frozenset[uuid.UUID] | None], Awaitable[None]]  # None: nobody knows which


class Bell(Protocol):
    async def listen(self, rung: Rung) -> None:
        """For as long as the process lives."""


class _Kept:
    """Whatever happens, it is listened again, and all are looked at: news may have been missed. Whoever heard no more
    could not tell that from a day without news."""

    async def listen(self, rung: Rung) -> None:
        while True:
            try:
                await self._listen(rung)
            except Exception as error:  # noqa: BLE001 - it is said, and mended by the next
                logger.warning("The database tells no news, it is asked again: %s: %s", type(error).__name__, error)
                await asyncio.sleep(AGAIN_AFTER)

    async def _listen(self, rung: Rung) -> None:
        raise NotImplementedError


class PostgresBell(_Kept):
    """One connection that listens."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters

    async def _listen(self, rung: Rung) -> None:
        async with await psycopg.AsyncConnection.connect(**self.parameters, autocommit=True) as own:
            await own.execute(f"LISTEN {CHANNEL}")
            await rung(None)
            while True:
                moved = {each.payload async for each in own.notifies(stop_after=1)}
                moved |= {each.payload async for each in own.notifies(timeout=TOGETHER)}
                await rung(frozenset(map(uuid.UUID, moved)))  # not while it hears, or it could not be closed


class SqliteBell(_Kept):
    """The file's own counter, which any other connection's commit moves: read each tenth of a second."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def _listen(self, rung: Rung) -> None:
        with closing(sqlite3.connect(self.path, check_same_thread=False)) as own:
            last = -1
            while True:
                counter = own.execute("PRAGMA data_version").fetchone()[0]
                if counter != last:
                    last = counter
                    await rung(None)
                await asyncio.sleep(LOOK_EACH)


def own_bell() -> Bell:
    """That of this installation's database."""
    if connection.vendor == "postgresql":
        known = connection.get_connection_params()
        return PostgresBell({name: known[name] for name in CHOSEN if known.get(name)})
    return SqliteBell(str(settings.DATABASES["default"]["NAME"]))
