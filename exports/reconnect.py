"""A connection that the database has dropped is not used again by a process that lives on."""

from django.db import close_old_connections, connection


def reconnect() -> None:
    """Within a transaction there is nothing to be saved by it, and what is under way would be lost."""
    if not connection.in_atomic_block:
        close_old_connections()
