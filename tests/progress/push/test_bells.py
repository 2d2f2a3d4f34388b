"""Who waits for news hears it, whatever has happened to the database in between."""

import asyncio
import contextlib
import sqlite3
import uuid

import pytest
from django.db import connection

from exports_site.databases import POSTGRES_OPTIONS
from progress.push import bells
from progress.push.bells import CHANNEL, SqliteBell, own_bell


@pytest.fixture(autouse=True)
def soon_again(monkeypatch):
    monkeypatch.setattr(bells, "AGAIN_AFTER", 0.02)


def heard(bell, then):
    """What is rung until something is that was waited for. `then`: what happens with each ring that was heard."""

    async def listened():
        rung: asyncio.Queue = asyncio.Queue()
        listening = asyncio.ensure_future(bell.listen(rung.put))
        try:
            await asyncio.wait_for(then(rung), 30)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    asyncio.run(listened())


def test_a_file_that_cannot_be_read_for_a_moment_is_listened_to_again(tmp_path):
    path = tmp_path / "not yet" / "db.sqlite3"

    async def comes(rung):
        await asyncio.sleep(0.1)
        assert rung.empty()
        path.parent.mkdir()
        assert await rung.get() is None
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE moved (it)")
        assert await rung.get() is None

    heard(SqliteBell(str(path)), comes)


def notify(payload):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such bell")
def test_a_word_that_nobody_understands_silences_nothing():
    job = uuid.uuid4()

    async def said(rung):
        assert await rung.get() is None
        await asyncio.to_thread(told, "nonsense")
        assert await rung.get() is None, "what was missed meanwhile is looked at"
        await asyncio.to_thread(told, str(job))
        assert await rung.get() == {job}

    def told(payload):
        try:
            notify(payload)
        finally:
            connection.close()

    heard(own_bell(), said)


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such bell")
def test_a_database_that_is_gone_without_a_word_is_missed_as_soon_as_elsewhere():
    """A connection that only listens sends nothing by which it would be found."""
    own = own_bell().parameters
    assert {name: own.get(name) for name in POSTGRES_OPTIONS if name != "options"} == {
        name: value for name, value in POSTGRES_OPTIONS.items() if name != "options"
    }
