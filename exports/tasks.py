"""What the django-q2 cluster is rung to do. Two lines each; the work is elsewhere."""

from exports import driver
from exports.models.heartbeat import CLUSTER, Heartbeat
from exports.tools import tools


def beat() -> None:
    Heartbeat.beat(CLUSTER)


def drive() -> int:
    Heartbeat.beat(CLUSTER)
    return driver.pump(tools())
