"""What the cluster rings for by itself, where a clock was set back."""

from datetime import datetime, timedelta

from django_q.models import Schedule

from exports.models.lease import APART


def bring_near(now: datetime) -> int:
    """What is to be rung for later than its interval reaches was put there by a clock that has been set back since."""
    every = Schedule.objects.filter(schedule_type=Schedule.MINUTES).values_list("pk", "next_run", "minutes")
    far = [pk for pk, when, minutes in every if when > now + timedelta(minutes=minutes) + APART]
    return Schedule.objects.filter(pk__in=far).update(next_run=now) if far else 0
