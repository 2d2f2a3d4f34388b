"""Files made to do harm, to all that opens what people bring: a canary on loopback stays silent, no secret is told.

`WHOLE=1` asks everything of every file; the suite asks of each what differs."""

import io
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import av
import pytest

from modal_functions.media import kernel
from modal_functions.media.confinement import confine
from tests.hostile import feeding
from tests.hostile.canary import Canary


@pytest.fixture
def canary():
    sitting = Canary()
    yield sitting
    sitting.stop()


def alone(act, *args, **named):
    """Forks of a process with threads may hang, so none is made here."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(act, *args, **named).result()


def open_carelessly(url, *, held=False):
    """As code would that has never heard of such files."""
    if held:
        confine({})
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}/careless.ts\n#EXT-X-ENDLIST\n".encode()
    try:
        with av.open(io.BytesIO(playlist), format="hls", options={"allowed_segment_extensions": "ALL"}):
            return "opened"
    except (av.FFmpegError, OSError) as error:
        return type(error).__name__


def test_the_canary_hears_whoever_opens_a_playlist_without_care(canary):
    alone(open_carelessly, canary.url)
    assert canary.heard
    assert set(canary.heard) == {"/careless.ts"}


@pytest.mark.skipif(not kernel.landlock(), reason="this kernel has no Landlock")
def test_even_careless_code_reaches_nobody_from_a_child_that_is_held(canary):
    alone(open_carelessly, canary.url, held=True)
    assert canary.heard == []


@pytest.mark.parametrize("held", [True, False], ids=["held by the kernel", "by the lists alone"])
def test_no_file_makes_anything_ask_for_an_address_tell_a_secret_or_leave_something_behind(held, canary):
    found = alone(feeding.fed, canary.url, held=held, whole="WHOLE" in os.environ)
    print(f"{found['files']} files, {found['looks']} looks, the canary has heard {len(canary.heard)}")
    assert canary.heard == []
    assert found["wrong"] == []
    assert found["left"] == []
    assert found["files"] > 120
    assert found["looks"] >= 2 * found["files"]
