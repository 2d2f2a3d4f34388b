"""What the django-q2 cluster is rung to do. Two lines each; the work is elsewhere."""

from exports.models.heartbeat import CLUSTER, Heartbeat


def beat() -> None:
    Heartbeat.beat(CLUSTER)
