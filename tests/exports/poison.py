"""Settings of a cluster whose calls come back soon, and a call that kills whoever takes it."""

import os
import signal
from pathlib import Path

from exports_site.settings import *  # noqa: F403
from exports_site.settings import HOME, Q_CLUSTER

Q_CLUSTER |= {"retry": 2, "timeout": 1, "workers": 1, "queue_limit": 1}


def swallow(name):
    with Path(HOME, name).open("a") as starts:
        starts.write("started\n")
    os.kill(os.getpid(), signal.SIGKILL)


def drink(name):
    Path(HOME, name).touch()
