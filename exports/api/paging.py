"""Long lists, a page at a time: the next page begins after the last line of this one, whatever was added meanwhile."""

import base64
import binascii
import uuid
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query

from exports.api.problems import invalid

MOST = 200
USUAL = 50
Limit = Annotated[int, Query(USUAL, ge=1, le=MOST, description="How many at the most.")]
After = Annotated[str, Query("", max_length=200, description="`next` of the page before.")]

Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], after: str, limit: int, *, through: str = "") -> tuple[list[Row], str | None]:
    """The newest first; `next` is None on the last page. `through`: the relation that knows when a row was made."""
    moment = f"{through}__created_at" if through else "created_at"
    if after:
        at, pk = _read(after)
        rows = rows.filter(Q(**{f"{moment}__lt": at}) | Q(**{moment: at, "pk__lt": pk}))
    found = list(rows.order_by(f"-{moment}", "-pk")[: limit + 1])
    following = _written(found[limit - 1], through) if len(found) > limit else None
    return found[:limit], following


def _written(row: Any, through: str) -> str:
    at, pk = (getattr(row, through) if through else row).created_at, row.pk
    return base64.urlsafe_b64encode(f"{at.isoformat()} {pk}".encode()).decode().rstrip("=")


def _read(after: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, _, pk = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None and 1 < moment.year < 9999:
            return moment, uuid.UUID(pk)
    except (ValueError, binascii.Error):
        pass
    raise invalid("Expected what `next` of another page said.", at="query.after")
