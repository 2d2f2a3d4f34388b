"""Waiting for what other processes do."""

import time


def soon(condition, seconds=60):
    """What the condition says as soon as it says yes, or else in the end: a wait and never a measurement."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met
