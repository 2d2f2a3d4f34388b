"""Who lives, and what stays until it is told to end."""

import sys
from pathlib import Path

import psutil
import pytest

from tests.soon import soon

ROOT = Path(__file__).parents[3]
STAYS = ["sleep", "300"]
DEAF = 'trap "" TERM; sleep 300 & echo $! > "$0"; wait'
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child together with its parent")


class StillClock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path):
    """The pid that a shell has written there, once it has."""
    return soon(lambda: path.exists() and path.read_text().endswith("\n") and int(path.read_text()))
