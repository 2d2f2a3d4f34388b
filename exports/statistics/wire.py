"""The same figures for machines. The first five names are promised; a number is null where it may not be told."""

from dataclasses import asdict
from typing import Any

from exports.statistics import summaries, tallies, work
from exports.statistics.scope import Scope, Spread


def stats(scope: Scope) -> dict[str, Any]:
    endings = tallies.ended(scope)
    counted, (average, count) = work.counts(scope, endings), work.average_seconds(endings)
    summary = summaries.of(scope)
    measured = summaries.measured(scope, summary)
    return {
        "total_jobs": scope.count(sum(counted.values())),
        "completed_jobs": scope.count(counted["completed"]),
        "failed_jobs": scope.count(counted["failed"]),
        "active_jobs": scope.count(counted["active"]),
        "average_processing_time_seconds": average if scope.may_tell(count) else None,
        "cancelled_jobs": scope.count(counted["cancelled"]),
        "expired_jobs": scope.count(counted["expired"]),
        "measured_at": summary.counted_at
        if summary
        else None,  # what follows, of the last that had ended then; null: just now
        "processing_time_seconds": _rounded(measured.durations),
        "queue_seconds": _rounded(measured.waits),
        "stop_seconds": _rounded(measured.stops),
        "failures": dict(work.failures(scope, endings)),
        "forecasts": [asdict(each) for each in measured.checkpoints],
        "worsenings_per_100_polls": measured.worsened[0] if measured.worsened else None,
        "league": [
            {
                "pipeline": table.pipeline,
                "large": table.large,
                "serves": table.serves,
                "standings": [asdict(each) for each in table.standings],
            }
            for table in summaries.league(scope, measured)
        ],
    }


def _rounded(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else {name: round(value, 3) for name, value in asdict(spread).items()}
