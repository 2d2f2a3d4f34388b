"""The installation that is looked at, in a process with settings of its own: `prepare COUNT`, then `audit` it."""

import json
import resource
import sys
import time
from typing import Any

import django


def main() -> None:
    django.setup()
    verb, *count = sys.argv[1:]
    print(json.dumps(prepare(int(count[0])) if verb == "prepare" else audited()))


def prepare(count: int) -> dict[str, Any]:
    from django.core.management import call_command
    from django.utils import timezone

    from exports.models import User
    from exports.tools import tools
    from tests.bench.audit.ended import make

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    make(User.objects.create_user("olga"), tools().store, timezone.now(), count)
    return {"seconds": time.monotonic() - began}


def audited() -> dict[str, Any]:
    from exports.audit import Wanted, audit
    from exports.tools import tools

    began, used = time.monotonic(), time.process_time()
    done = audit(tools(), Wanted())
    figures = {"seconds": time.monotonic() - began, "cpu": time.process_time() - used}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures | {"memory": memory, "looked": dict(done.looked), "violations": len(done.violations)}


if __name__ == "__main__":
    main()
