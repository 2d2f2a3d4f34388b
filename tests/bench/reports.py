"""What a report costs: through the tracker one by one and in batches, and celery's store_result into Redis."""

from dataclasses import dataclass

from tests.bench.processes import BenchError
from tests.bench.side import Side

SIZES = {"one by one": 1, "100 at once": 100, "1,000 at once": 1000}
CELERY = "celery store_result"


@dataclass(frozen=True, kw_only=True)
class Written:
    """One way of writing reports, timed once."""

    database: str
    way: str
    round: int
    reports: int
    seconds: float
    writer: float  # CPU milliseconds a report: of the process that writes, …
    store: float  # … and of Postgres or Redis

    @property
    def rate(self) -> float:
        return self.reports / self.seconds

    @property
    def cost(self) -> float:
        return self.writer + self.store


def measure_ours(side: Side, way: str, number: int, seconds: float) -> Written:
    before = side.postgres_seconds(with_writer=True)
    told = side.jobs.ask("report", size=SIZES[way], seconds=seconds)
    return _written(side.name, way, number, told, side.postgres_seconds(with_writer=True) - before)


def measure_celery(side: Side, number: int, seconds: float) -> Written:
    if side.tasks is None:
        raise BenchError("celery is not measured without Redis.")
    before = side.redis_seconds()
    told = side.tasks.ask("report", seconds=seconds)
    return _written("redis", CELERY, number, told, side.redis_seconds() - before)


def _written(database: str, way: str, number: int, told: dict[str, float], store: float) -> Written:
    return Written(
        database=database,
        way=way,
        round=number,
        reports=int(told["reports"]),
        seconds=told["seconds"],
        writer=told["cpu"] * 1000 / told["reports"],
        store=store * 1000 / told["reports"],
    )
