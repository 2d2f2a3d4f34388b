"""How many exports were asked for on each day, wherever the day begins: counted by the quarter of an hour, by which all
clocks of the world differ."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField
from django.utils import timezone
from django.utils.timezone import make_aware

from exports.models import Summary
from exports.statistics.scope import Scope
from progress.models import Job

DAYS = 30
SECONDS = 900
SPARE = timedelta(days=2)  # a day begins elsewhere when it ends here


class Quarter(Func):
    """The number of the quarter of an hour, since the epoch."""

    template = f"CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / {SECONDS}) AS BIGINT)"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = f"CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / {SECONDS}"
        return self.as_sql(compiler, connection, template=template, **more)


def begun(scope: Scope, after: datetime, until: datetime) -> Counter[int]:
    """How many in each quarter of an hour, by its number."""
    jobs = scope.of_jobs(Job.objects.filter(created_at__gt=after, created_at__lte=until)).order_by()
    counted = jobs.annotate(quarter=Quarter(F("created_at"))).values_list("quarter").annotate(count=Count("pk"))
    return Counter(dict(counted))


def of_last_month(scope: Scope, now: datetime) -> Counter[int]:
    return begun(scope, now - timedelta(days=DAYS) - SPARE, now)


def by_day(scope: Scope, now: datetime, summary: Summary | None) -> list[tuple[date, int]]:
    """On each of the last days; on those that are not listed, none. What the summary does not know is counted."""
    counted = of_last_month(scope, now) if summary is None else begun(scope, summary.counted_at, now)
    if summary:
        counted.update({int(quarter): count for quarter, count in summary.begun.items()})
    days = sorted(_by_date(counted, now).items())
    return [(day, count) for day, count in days if scope.count(count) is not None]


def last_days(now: datetime) -> list[date]:
    today = timezone.localdate(now)
    return [today - timedelta(days=back) for back in range(DAYS, -1, -1)]


def _by_date(counted: Mapping[int, int], now: datetime) -> Counter[date]:
    days, found = last_days(now), Counter[date]()
    edges = [_number(make_aware(datetime.combine(day, time.min))) for day in days]
    for quarter, count in counted.items():
        place = bisect_right(edges, quarter) - 1
        if place >= 0:
            found[days[place]] += count
    return found


def _number(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() // SECONDS)
