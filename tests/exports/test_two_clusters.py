"""Two clusters on one database, bells rung many times at once, and calls that are delivered again: one result."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import OrmQ

from exports.doorbell import ring
from exports.models import Export, Notice
from progress.models import Event
from tests.exports.whole import (  # noqa: F401 - the fixtures
    PATIENCE,
    asked_for,
    has_beaten,
    is_over,
    parts,
    project,
    violations,
    whole,
)
from tests.soon import soon

BELLS = 12


def deliver_again():
    """As when an acknowledgement comes later than `retry`: whoever asks next is handed the same call once more."""
    long_ago = timezone.now() - timedelta(days=1)
    return OrmQ.objects.filter(lock__gt=timezone.now()).update(lock=long_ago)


def test_two_clusters_and_calls_delivered_twice_make_one_film_and_one_set_of_notices(whole, project):  # noqa: F811
    clusters = [whole.run("qcluster") for _ in range(2)]
    assert soon(lambda: has_beaten(*(each.pid for each in clusters)), PATIENCE), "both work"
    export, again, seen = asked_for(project), 0, {}
    for _ in range(BELLS):
        ring()

    def over():
        nonlocal again
        again += deliver_again()
        for key, inode in parts(project).items():
            assert seen.setdefault(key, inode) == inode, "a part was made twice"
        return is_over(whole)

    assert soon(over, PATIENCE)
    assert again, "calls were delivered again"
    export = Export.objects.select_related("job").get(pk=export.pk)
    assert export.job.status == "complete"
    assert list(export.attempts.values_list("number", "outcome")) == [(1, "ok")]
    assert list(Notice.objects.values_list("event", flat=True)) == ["done"]
    phases = list(Event.objects.filter(job=export.job).values_list("phase", flat=True))
    assert len([phase for phase in phases if phase in ("running", "finalizing", "complete", "modal_spawn")]) == 4
    assert violations(whole) == []
    assert [each.poll() for each in clusters] == [None, None]
