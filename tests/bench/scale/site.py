"""An installation with a past, asked the same as one without: what each answer costs.

python -m tests.bench.scale.site COUNT TURNS     makes it, asks, and prints the costs
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from progress.models import Job  # noqa: E402
from tests.bench import past  # noqa: E402
from tests.bench.scale import asked  # noqa: E402


def measure(turns: int) -> Iterator[dict[str, Any]]:
    """CPU, of this process and of the one that serves it: what else the machine does is not in it."""
    for what, ask in asked.questions().items():
        ask()
        began = _cpu()
        for _ in range(turns):
            ask()
        yield {"what": what, "ms": 1000 * (_cpu() - began) / turns}


def _cpu() -> float:
    return time.process_time() + (past.cpu_of_postgres() if past.is_postgres() else 0.0)


if __name__ == "__main__":
    asked.prepare(int(sys.argv[1]))
    print(json.dumps({"rows": Job.objects.count(), "bytes": past.size(), "asked": list(measure(int(sys.argv[2])))}))
