"""What running work says in second after second. One frame more each time."""

import json
from datetime import UTC, datetime

TOTAL = 10**6
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def report(export: str, now: float) -> bytes:
    at = datetime.fromtimestamp(now, UTC)
    seq = int((at - BEGAN).total_seconds())
    told = {
        "v": 1,
        "job": export,
        "attempt": 1,
        "run": 1,
        "seq": seq,
        "stage": "process",
        "at": at.isoformat(),
        "began": BEGAN.isoformat(),
        "done": seq % TOTAL,
        "total": TOTAL,
        "unit": "frames",
        "note": "",
        "passed": [],
    }
    return json.dumps(told).encode()
