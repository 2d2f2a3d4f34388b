"""The two programs that come from Debian: wrk, which asks, and redis-server, where celery keeps results."""

import os
import shutil
import subprocess

PROGRAMS = ("wrk", "redis-server")  # each in the package of its name
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")


def missing() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]


def install_missing() -> list[str]:
    """Installs what is missing where this user may; returns what is missing still."""
    wanted = missing()
    if not wanted or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return wanted
    print(f"Installing {' and '.join(wanted)} from Debian …", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # at runlevel 1 no daemon is started
    for command in (("apt-get", "update", "-qq"), (*INSTALL, *wanted)):
        subprocess.run(command, env=os.environ | quiet, stdout=subprocess.DEVNULL, check=False)
    return missing()


def left_out(program: str) -> str:
    what = {"wrk": "no polls are measured", "redis-server": "celery-progress is not measured"}[program]
    return f"{program} is not installed, so {what}. It comes with: apt install {program}"
