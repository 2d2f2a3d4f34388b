"""Every way in which a child can die becomes a named error, and no process is left."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from modal_functions.media import child
from modal_functions.media.child import Limits, run
from modal_functions.media.errors import MediaError
from tests.exports.processes.living import alive
from tests.soon import soon

SERVE = """
import os, signal, sys, tempfile, time
from modal_functions.media.entry import serve
from modal_functions.media.errors import MediaError
def perform(request, say):
    say({"pid": os.getpid()})
    %s
serve(perform)
"""
FILLING = (
    "file = tempfile.TemporaryFile(buffering=0, dir=request['folder']); [file.write(bytes(1 << 16)) for _ in (1, 2)]"
)


def acting(act):
    return [sys.executable, "-c", SERVE % act]


def died(act, request=None, **limits):
    """The error, once the child that did `act` is gone: also where its time was over before it could say anything."""
    before = set(psutil.Process().children())
    request = request or {"do": "probe", "folder": tempfile.gettempdir()}
    with pytest.raises(MediaError) as refused:
        run(request, lambda progress: None, Limits(**limits), acting(act))
    assert set(psutil.Process().children()) <= before
    return refused.value


@pytest.mark.parametrize(
    ("act", "limits", "code", "sentence"),
    [
        ("time.sleep(60)", {"wall_seconds": 1}, "function_timeout", "longer than the 1 seconds it may take"),
        ("while True: pass", {"cpu_seconds": 1}, "function_timeout", "The work took longer than the 1 seconds"),
        ("bytearray(1 << 30)", {"memory_bytes": 1 << 29}, "out_of_memory", "The work needs more memory than there is"),
        ("os.kill(os.getpid(), signal.SIGKILL)", {}, "out_of_memory", "The work was stopped from outside"),
        ("os.kill(os.getpid(), signal.SIGTERM)", {}, "result_invalid", "The work was told to stop from outside"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", {}, "input_unreadable", "makes its decoder crash"),
        ("os.abort()", {}, "input_unreadable", "makes its decoder crash"),
        ("os._exit(3)", {}, "result_invalid", "The work ended without an answer."),
        ("os._exit(0)", {}, "result_invalid", "The work ended without an answer."),
        ("raise RuntimeError", {}, "result_invalid", "The work ended without an answer."),
        ("raise MediaError('too_long', 'Too long.')", {}, "too_long", "Too long."),
        ("return {'a': 'x' * (1 << 20)}", {"answer_bytes": 1 << 16}, "result_invalid", "cannot be understood"),
        ("with open('/dev/full', 'wb') as full: full.write(b'x')", {}, "no_room", "The disk where it is made is full."),
        (FILLING, {"file_bytes": 1 << 16}, "result_invalid", "The result became larger than it may be."),
    ],
)  # fmt: skip
def test_a_death_has_a_name_and_leaves_nobody(act, limits, code, sentence):
    error = died(act, **limits)
    assert error.code == code
    assert sentence in str(error)


UNREADABLE = "raise MediaError('input_unreadable', 'This file is damaged.')"


@pytest.mark.parametrize("act", ["os.abort()", UNREADABLE])
def test_our_own_files_do_not_blame_the_person_s(act):
    assert died(act, {"do": "join"}).code == "result_invalid"
    assert died(act, {"do": "render"}).code == "input_unreadable"


@pytest.mark.parametrize(
    "said",
    ["print('hello')", "print('{}')", "print('[1]')", "print('{\"error\": {\"code\": \"x\", \"sentence\": \"y\"}}')",
     "sys.stdout.write('x' * 200_000)", "print('{\"answer\": {}}\\n{\"answer\": {}}')",
     "os.write(1, bytes(range(256)))", "print('[' * 90_000)"],
)  # fmt: skip
def test_nonsense_on_stdout_is_an_error_of_ours(said):
    command = [sys.executable, "-c", f"import os, sys\n{said}"]
    with pytest.raises(MediaError, match=r"cannot be understood|without an answer") as refused:
        run({"do": "probe"}, limits=Limits(answer_bytes=100_000), command=command)
    assert refused.value.code == "result_invalid"


def test_what_a_library_prints_disturbs_nobody_and_is_kept_in_bounds():
    act = "print('hello'); os.write(1, b'from C'); sys.stderr.write('x' * 1_000_000); return {'fine': True}"
    assert run({"do": "probe"}, command=acting(act)) == {"fine": True}
    error = died("os.write(1, b'from C' * 100_000); os.abort()")
    assert "from C" in error.__notes__[0]
    assert len(error.__notes__[0]) < 10_000


def test_the_child_has_only_the_environment_it_needs(monkeypatch):
    monkeypatch.setenv("R2_SECRET", "s3cret")
    seen = run({"do": "probe"}, command=acting("return dict(os.environ)"))
    assert "R2_SECRET" not in seen
    assert "PATH" in seen


def test_whoever_stops_listening_stops_the_work():
    pids = []

    def stop(progress):
        pids.append(progress["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run({"do": "probe"}, stop, Limits(), acting("time.sleep(60)"))
    assert not psutil.pid_exists(pids[0])


def test_a_child_dies_with_its_parent():
    """The parent is killed in a way that lets it do nothing any more."""
    code = (
        "import sys\nfrom modal_functions.media.child import run\n"
        f"run({{'do': 'probe'}}, lambda said: print(said['pid'], flush=True), command={acting('time.sleep(60)')!r})"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=child.ROOT, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert soon(lambda: not alive(pid), 60)


def test_the_whole_way_from_sources_to_a_film_through_children(made, reels, tmp_path):
    """The same bytes come out as without them."""
    output = made.film.output.as_wire()
    chunks, pieces = [made.chunks[0], made.chunks[-1]], [made.pieces[0], made.pieces[-1]]
    heard, parts = [], []
    for chunk, piece in zip(chunks, pieces, strict=True):
        source = str(reels[chunk.source].path)
        request = {"path": source, "output": output, "folder": str(tmp_path)}
        answer = run({"do": "render", **request, "chunks": [chunk.as_wire()]}, heard.append)
        [rendered] = answer["chunks"]
        assert Path(rendered["path"]).read_bytes() == (made.folder / f"{chunk.key}.mp4").read_bytes()
        parts.append({"path": rendered["path"], "frames": rendered["frames"]})
        run({"do": "sound", "path": source, "folder": str(tmp_path), "piece": piece.as_wire()})
    assert {"frames": 1} in heard
    assert {"chunk": rendered} in heard
    track = {"do": "soundtrack", "folder": str(tmp_path), "pieces": [piece.as_wire() for piece in pieces]}
    samples = run({**track, "to": str(tmp_path / "sound.m4a")})["samples"]
    assert samples == sum(piece.samples for piece in pieces)
    joined = {"do": "join", "parts": parts, "sound": str(tmp_path / "sound.m4a"), "output": output}
    size = run({**joined, "to": str(tmp_path / "film.mp4")})["bytes"]
    frames = sum(chunk.frames for chunk in chunks)
    found = run({"do": "verify", "path": str(tmp_path / "film.mp4"), "output": output, "frames": frames})
    assert (found["frames"], found["bytes"], found["streams"]) == (frames, size, ["h264", "aac"])


def test_a_source_is_looked_at_in_a_child(reels):
    path = str(reels["late.mov"].path)
    assert run({"do": "probe", "path": path})["duration_us"] == 4_400_000
    assert run({"do": "waveform", "path": path, "buckets": 3})["peaks"][2] > 80
    assert run({"do": "thumbnail", "path": path})["jpeg"].startswith("/9j/")


def test_what_cannot_be_done_is_refused_in_words():
    with pytest.raises(MediaError, match=r"as it was asked for: do is 'fly'; expected one of probe"):
        run({"do": "fly"})


def test_limits_are_more_than_zero():
    with pytest.raises(ValueError, match="wall_seconds is 0; expected more than zero"):
        Limits(wall_seconds=0)
