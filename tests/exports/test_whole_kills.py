"""kill -9 of everything there is: the web server, the cluster and each process in it, attempts, and all at once.

`make chaos` does the same for as long as one likes, through the pages, and takes away the database and the store too.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter

import psutil

from exports.models import Export
from exports.tools import tools
from modal_functions.wire import unpack
from progress.models import Job, Status
from tests.chaos.harm import Harm
from tests.exports.whole import (  # noqa: F401 - the fixtures
    PATIENCE,
    asked_for,
    completed,
    forget_parts,
    has_beaten,
    is_over,
    parts,
    project,
    status_of,
    violations,
    whole,
)
from tests.soon import soon

KILLS = int(os.environ.get("WHOLE_KILLS", "25"))
WEIGHTS = {
    "web server": 2,
    "web worker": 2,
    "cluster": 2,
    "sentinel": 1,
    "worker": 6,
    "pusher": 3,
    "monitor": 3,
    "attempt": 5,
    "everything": 1,
}


def ended_by_kills(export):
    return export.job.status == Status.FAILED and export.job.cause in ("preempted_too_often", "out_of_memory")


def test_whatever_is_killed_every_export_completes_once(whole, project):  # noqa: F811
    rng = random.Random(int(os.environ.get("SEED", "5")))
    harm, shown = Harm(whole, None, rng, weights=WEIGHTS, signals={"SIGKILL": 1}), Counter()
    whole.start()
    assert soon(has_beaten, PATIENCE), "the cluster works"
    deadline = time.monotonic() + 600 + 5 * KILLS
    while harm.done.total() < KILLS or not is_over(whole):
        assert time.monotonic() < deadline, f"{harm.done} in the time there was, and what was begun is not over"
        for pk, bp in Job.objects.filter(settled_at__isnull=True).values_list("pk", "bp"):
            assert bp >= shown[pk], "the bar fell"
            shown[pk] = bp
        for export in Export.objects.select_related("job").filter(job__status=Status.FAILED):
            assert ended_by_kills(export), export.job.cause_text
            assert export.retry(actor="staff 1")
        whole.tend()
        time.sleep(rng.random() * 0.5)
        if harm.done.total() < KILLS:
            if is_over(whole):
                forget_parts(project)
                asked_for(project)
            harm.one_round(whole.tend)
    assert soon(lambda: violations(whole) == []), violations(whole)
    assert Export.objects.filter(job__status=Status.COMPLETE).count() == Export.objects.count()
    assert {name for name in harm.done if "worker" in name or "cluster" in name or "web" in name}


def test_paused_killed_started_and_resumed_it_is_the_same_film(whole, project):  # noqa: F811
    whole.start()
    undisturbed = completed(asked_for(project), whole)
    forget_parts(project)
    export = asked_for(project)
    pause_in_the_middle(export, whole, project)
    kept = parts(project)
    assert kept

    for _, process in list(whole.told_apart()):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended with one that was killed before it
            process.kill()
    whole.process.wait()
    assert soon(lambda: whole.processes() == [])
    assert status_of(export) == Status.PAUSED
    whole.start()
    assert export.resume(actor="olga")
    export = completed(export, whole)

    assert export.result_sha256 == undisturbed.result_sha256
    assert list(export.attempts.values_list("outcome", flat=True)) == ["paused", "ok"]
    assert {key: inode for key, inode in parts(project).items() if key in kept} == kept, "what was kept was made again"
    assert violations(whole) == []


def pause_in_the_middle(export, whole, project):  # noqa: F811
    """Its attempt is held still while it is asked, or so short a film would be ready first."""
    assert soon(lambda: parts(project), PATIENCE)
    attempt = next(process for role, process in whole.told_apart() if role == "attempt")
    attempt.send_signal(signal.SIGSTOP)
    assert export.pause(actor="olga")
    control = Export.objects.get(pk=export.pk).latest_attempt.keys.control
    assert soon(lambda: unpack(tools().store.get(control) or b"{}").get("stop") == "pause", PATIENCE)
    attempt.send_signal(signal.SIGCONT)
    assert soon(lambda: status_of(export) == Status.PAUSED, PATIENCE)
    assert soon(lambda: is_over(whole), PATIENCE)
