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

Rung = Callable[[frozenset[uuid.UUID] | None], Awaitable[None]]  # None: nobody knows which


class Bell(Protocol):
    async def listen(self, rung: Rung) -> None:
        """For as long as the process lives."""


class PostgresBell:
    """One connection that listens. After each that was lost, all are looked at: news may have been missed."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters

    async def listen(self, rung: Rung) -> None:
        while True:
            try:
                await self._listen(rung)
            except psycopg.OperationalError as error:
                logger.warning("The database tells no news, it is asked again: %s", error)
                await asyncio.sleep(AGAIN_AFTER)

    async def _listen(self, rung: Rung) -> None:
        async with await psycopg.AsyncConnection.connect(**self.parameters, autocommit=True) as own:
            await own.execute(f"LISTEN {CHANNEL}")
            await rung(None)
            while True:
                moved = {uuid.UUID(each.payload) async for each in own.notifies(stop_after=1)}
                moved |= {uuid.UUID(each.payload) async for each in own.notifies(timeout=TOGETHER)}
                await rung(frozenset(moved))


class SqliteBell:
    """The file's own counter, which any other connection's commit moves: read each tenth of a second."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def listen(self, rung: Rung) -> None:
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
        chosen = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
        return PostgresBell({name: known[name] for name in chosen if known.get(name)})
    return SqliteBell(str(settings.DATABASES["default"]["NAME"]))
