"""What a child that was taken over could still do: nothing with the network, with others, or with other files."""

import os
import socket
import sys

import pytest

from modal_functions.media import child, confinement, kernel
from modal_functions.media.confinement import NETWORKED, ROOT
from modal_functions.media.errors import MediaError

pytestmark = pytest.mark.skipif(
    not kernel.landlock() or os.uname().machine not in kernel.MACHINES, reason="this kernel has no Landlock"
)
TAKEN_OVER = """
import os, socket, subprocess, sys, threading
from pathlib import Path
from modal_functions.media.entry import serve
def perform(request, say):
    said = {}
    def attempt(name, act):
        try:
            act()
            said[name] = "done"
        except OSError as error:
            said[name] = "kept" if error.errno in (1, 13) else f"errno {error.errno}"
    exec(request["text"])
    return said
serve(perform)
"""


def tried(text, **request):
    return child.run({"do": "probe", "text": text, **request}, command=[sys.executable, "-c", TAKEN_OVER])


def test_no_connection_is_made_and_no_socket_of_this_machine_either():
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = tried(f"""
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {server.getsockname()[1]})))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)))
attempt("six", lambda: socket.socket(socket.AF_INET6))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK))
""")
    assert said == dict.fromkeys(("tcp", "udp", "six", "unix", "netlink"), "kept")


def test_no_program_is_started_no_process_made_and_threads_are():
    said = tried("""
attempt("program", lambda: subprocess.run(["true"]))
attempt("fork", os.fork)
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
thread = threading.Thread(target=attempt, args=("thread", int))
attempt("started", thread.start)
thread.join()
""")
    assert said == {"program": "kept", "fork": "kept", "spawn": "kept", "thread": "done", "started": "done"}


def test_the_parent_s_environment_and_memory_are_out_of_reach_and_it_is_not_signalled():
    """They hold the site's secrets, and the child is of the same account."""
    said = tried("""
attempt("environ", lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(1))
attempt("memory", lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1))
attempt("its own", lambda: open("/proc/self/environ", "rb").read(1))
attempt("signal", lambda: os.kill(os.getppid(), 0))
""")
    signals = "kept" if kernel.landlock() >= 6 else "done"
    assert said == {"environ": "kept", "memory": "kept", "its own": "done", "signal": signals}


def test_files_are_read_and_written_where_the_request_says_and_nowhere_else(tmp_path):
    asked, beside, folder = tmp_path / "asked", tmp_path / "beside", tmp_path / "work"
    kept = tmp_path / "kept"
    folder.mkdir()
    for path in (asked, beside, kept):
        path.write_text("x")
    (folder / "laid").symlink_to(kept)
    said = tried(
        f"""
attempt("asked", lambda: open({str(asked)!r}).read())
attempt("written over", lambda: open({str(asked)!r}, "w"))
attempt("beside", lambda: open({str(beside)!r}).read())
attempt("listed", lambda: os.listdir({str(tmp_path)!r}))
attempt("made", lambda: open({str(folder / "made")!r}, "w").write("x"))
attempt("renamed", lambda: os.replace({str(folder / "made")!r}, {str(folder / "done")!r}))
attempt("laid", lambda: open({str(folder / "laid")!r}).read())
attempt("laid and written over", lambda: open({str(folder / "laid")!r}, "w"))
attempt("link", lambda: os.symlink({str(kept)!r}, {str(folder / "link")!r}))
attempt("pipe", lambda: os.mkfifo({str(folder / "pipe")!r}))
attempt("moved out", lambda: os.replace({str(folder / "done")!r}, {str(tmp_path / "out")!r}))
attempt("project", lambda: open({str(ROOT / "manage.py")!r}).read())
attempt("temporary", lambda: open("/tmp/of-a-child", "w"))
attempt("accounts", lambda: open("/etc/passwd").read())
""",
        path=str(asked),
        folder=str(folder),
        title=str(beside),
    )
    done = {"asked", "made", "renamed", "laid"}
    assert {name for name, how in said.items() if how == "done"} == done
    assert {how for name, how in said.items() if name not in done} <= {"kept", "errno 18"}  # 18: across folders


def test_a_file_that_is_to_be_written_may_be_and_those_beside_it_not(tmp_path):
    """It stands where the uploads of others come in."""
    to, another = tmp_path / "to", tmp_path / "another"
    for path in (to, another):
        path.write_text("x")
    said = tried(
        f"""
attempt("to", lambda: open({str(to)!r}, "wb").write(b"x"))
attempt("another", lambda: open({str(another)!r}).read())
""",
        to=str(to),
    )
    assert said == {"to": "done", "another": "kept"}


def test_only_fetching_has_the_network_and_it_starts_no_program_either():
    assert {"clip_it.fetch"} == NETWORKED
    text = 'attempt("socket", socket.socket)\nattempt("fork", os.fork)\nattempt("p", lambda: open("/etc/hostname"))'
    assert tried(text, do="clip_it.fetch") == {"socket": "done", "fork": "kept", "p": "kept"}


def test_a_child_says_what_it_is_kept_from_by_trying():
    assert child.run({"do": "held"}) == {"network": True, "programs": True, "files": True}
    assert confinement.held()["network"] is False  # this process is not


def test_a_filter_that_nothing_is_left_out_of():
    """Each call that is to be refused has a number on each machine, but for those that it never had."""
    for name, machine in kernel.MACHINES.items():
        missing = {*kernel.NETWORK, *kernel.OTHERS} - set(machine.calls)
        assert missing == ({"fork", "vfork"} if name == "aarch64" else set())


def test_too_many_open_files_are_a_sentence():
    with pytest.raises(MediaError):
        tried("kept = [os.open('/dev/null', 0) for _ in range(600)]")
