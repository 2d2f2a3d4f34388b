"""The work on Modal: `modal deploy -m modal_functions.app` puts it there, and again after each update of the site.

A kind's function conducts an attempt; what can be made apart from the rest, it hands out to containers of `batch`.
"""

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modal
from grpclib.exceptions import StreamTerminatedError
from modal import exception

from modal_functions.attempt import attempt
from modal_functions.fan import Lost, make_batch
from modal_functions.wire import VERSION

HOUR = 3600
AT_ONCE = 32  # batches of one export
SILENCE = 300.0  # seconds in which Modal says nothing of a batch, after which it is handed out again
LIBRARIES = ("av", "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
UNHEARD = (
    *(exception.ServiceError, exception.InternalError, exception.ConnectionError, exception.ResourceExhaustedError),
    *(StreamTerminatedError, OSError),
)


def locked(lock: Path) -> Iterator[str]:
    """The versions that the site itself is locked to."""
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", lock.read_text(), re.MULTILINE))
    yield from (f"{name}=={pinned[name]}" for name in LIBRARIES)


def _processor() -> modal.Image:
    """What work without a graphics card needs. In a container it is there already, and the lock is not."""
    image = modal.Image.debian_slim(python_version="3.11")
    if modal.is_local():
        image = image.pip_install(*locked(Path(__file__).parent.parent / "requirements.txt"))
    return image.add_local_python_source("modal_functions")


app = modal.App("longhaul", include_source=False)
processor = _processor()


@app.function(
    image=processor,
    cpu=(0.5, 4.0),
    memory=2048,
    timeout=12 * HOUR,
    retries=0,
    scaledown_window=60,
    nonpreemptible=True,  # it mostly waits for others, and all of them wait for it
)
def multi_clip(order: dict[str, Any]) -> dict[str, Any]:
    return _conduct(order)


@app.function(
    image=processor,
    cpu=(1.0, 2.0),
    memory=2048,
    timeout=2 * HOUR,  # later than the child's own limit, which says which clip it was
    retries=0,
    scaledown_window=60,
    max_containers=90,
)
def batch(order: dict[str, Any]) -> dict[str, Any]:
    """One container works on one batch at a time, and keeps the source for the next."""
    folder = Path(tempfile.gettempdir()) / "longhaul-batch"
    folder.mkdir(exist_ok=True)
    return make_batch(order, folder=folder)


@app.function(image=processor, name=f"wire_{VERSION}", max_containers=1)
def version() -> int:
    """Never called: that it is there tells the site which version was deployed."""
    return VERSION


def _conduct(order: dict[str, Any]) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="longhaul-"))
    call = modal.current_function_call_id() or ""
    return attempt(order, call=call, folder=folder, hand_out=hand_out, at_once=AT_ONCE)


class Handed:
    """A batch that a container was given, as a call of its own: so it can be cancelled alone."""

    def __init__(self, call: "modal.FunctionCall[dict[str, Any]]", *, silence: float = SILENCE) -> None:
        self._call, self._silence = call, silence
        self._heard = time.monotonic()

    def answer(self, seconds: float) -> dict[str, Any] | None:
        asked = time.monotonic()
        try:
            return self._call.get(timeout=seconds)
        except TimeoutError as error:
            if time.monotonic() - asked < seconds / 2:
                raise Lost("the batch itself has raised what looks like no answer") from error
            self._heard = time.monotonic()
        except UNHEARD as error:
            if time.monotonic() - self._heard > self._silence:
                raise Lost(f"nothing was heard of it for {self._silence:g} seconds: {error}") from error
            time.sleep(min(seconds, 1.0))
        except Exception as error:
            raise Lost(f"{type(error).__name__}: {error}") from error
        return None

    def cancel(self) -> None:
        try:
            self._call.cancel()
        except Exception:  # noqa: BLE001 - it ends by itself at its next border, since its attempt is stopped too
            return


def hand_out(order: dict[str, Any]) -> Handed:
    try:
        return Handed(batch.spawn(order))
    except Exception as error:
        raise Lost(f"it could not be handed out: {error}") from error
