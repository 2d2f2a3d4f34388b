"""Writes that a page can do without: where the database is busy they are left for the next page, which soon comes."""

import contextlib
import logging
from collections.abc import Iterator

from django.db import OperationalError, connection

logger = logging.getLogger("exports")

PATIENCE = 500  # milliseconds; a page is not kept waiting for what it does not show


@contextlib.contextmanager
def aside(what: str) -> Iterator[None]:
    with _impatient():
        try:
            yield
        except OperationalError as error:
            logger.warning("%s was left for later, the database failed: %s", what, error)


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """SQLite lets one write at a time, and whoever waits is told how long to. Postgres keeps nobody else waiting."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    usual = round(1000 * connection.settings_dict["OPTIONS"].get("timeout", 5))
    connection.connection.execute(f"PRAGMA busy_timeout = {min(PATIENCE, usual)}")
    try:
        yield
    finally:
        connection.connection.execute(f"PRAGMA busy_timeout = {usual}")
