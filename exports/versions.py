"""What runs here: told by the system page, the black box and the metrics."""

import importlib.metadata
import platform

from django.db import Error, connection

from modal_functions.wire import VERSION

PACKAGES = ("longhaul", "django", "django-q2", "modal", "av", "granian")


def all_of_them() -> dict[str, str]:
    return packages() | {"database": _database()}


def packages() -> dict[str, str]:
    """What can be told without asking anybody."""
    found = {name: version(name) for name in PACKAGES}
    return found | {"wire": str(VERSION), "python": platform.python_version()}


def version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "of this checkout" if name == "longhaul" else "not installed"


def _database() -> str:
    try:
        connection.ensure_connection()
    except Error:
        return f"{connection.display_name}, which does not answer"
    found = connection.get_database_version()
    return f"{connection.display_name} {'.'.join(map(str, found))}"
