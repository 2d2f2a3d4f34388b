"""This installation's own store, and what one attempt may do with it."""

from typing import Any

from django.conf import settings

from exports import grants
from exports.runners.base import Ordered
from modal_functions.store import Store
from modal_functions.stores import opened


def described() -> dict[str, Any]:
    if not settings.STORE_BUCKET:
        return {"store": "folder", "root": str(settings.STORE_ROOT)}
    return {
        "store": "bucket",
        "endpoint": settings.STORE_ENDPOINT,
        "region": settings.STORE_REGION,
        "bucket": settings.STORE_BUCKET,
        "prefix": settings.STORE_PREFIX,
        "key": settings.STORE_KEY,
        "secret": settings.STORE_SECRET,
    }


def own() -> Store:
    return opened(described())


def grant(ordered: Ordered) -> dict[str, Any]:
    """The store for one attempt: with keys of its own that reach no further than its work, and end by themselves.

    A process on this machine can read what is in a folder anyway. A bucket's own keys are never handed on, not even
    to a process here: it reads files that strangers have sent, and everybody's would be open to what breaks it."""
    whole = described()
    return whole if whole["store"] == "folder" else whole | grants.of(ordered)


def grant_elsewhere(ordered: Ordered) -> dict[str, Any]:
    """The same for work on other machines, which would take a folder of this one for an empty one of their own."""
    if not settings.STORE_BUCKET:
        raise grants.NoKey("Work on other machines cannot reach a folder of this one. Set LONGHAUL_STORE to a bucket.")
    return grant(ordered)
