"""The work on Modal: `modal deploy -m modal_functions.app` puts it there, and again after each update of the site.

A kind's function conducts an attempt; what can be made apart from the rest, it hands out to containers of `batch`.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import modal
from grpclib.exceptions import StreamTerminatedError
from modal import exception

from modal_functions import kinds, needs
from modal_functions.attempt import attempt
from modal_functions.batches import Batch
from modal_functions.fan import Lost, NotTaken, make_batch
from modal_functions.needs import ENLARGING, ON_GPU, PROCESSOR, Image, Limits
from modal_functions.wire import VERSION

AT_ONCE = 32  # batches of one export
SILENCE = 300.0  # seconds in which Modal says nothing of a batch, after which it is handed out again
LOCK = "requirements-kinds.txt"  # what the site is locked to, and what kinds need beside it
LIBRARIES = ("av", "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
UNHEARD = (
    *(exception.ServiceError, exception.InternalError, exception.ConnectionError, exception.ResourceExhaustedError),
    *(StreamTerminatedError, OSError),
)


Wire = dict[str, Any]


def locked(lock: Path, libraries: tuple[str, ...] = LIBRARIES) -> Iterator[str]:
    """The versions that the site itself is locked to."""
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", lock.read_text(), re.MULTILINE))
    yield from (f"{name}=={pinned[name]}" for name in libraries)


@cache
def image_of(image: Image) -> modal.Image:
    """In a container it is there already, and the lock is not."""
    built = modal.Image.debian_slim(python_version="3.11")
    if modal.is_local():
        lock = Path(__file__).parent.parent / LOCK
        built = built.pip_install(*locked(lock, (*LIBRARIES, *image.libraries)), *image.pinned)
    return built.add_local_python_source("modal_functions")


app = modal.App("longhaul", include_source=False)


def conduct(order: Wire) -> Wire:
    """An attempt of the kind that the function has the name of."""
    folder = Path(tempfile.mkdtemp(prefix="longhaul-"))
    call = modal.current_function_call_id() or ""
    image = needs.of(order["kind"]).image

    def hand(wire: Wire) -> Handed:
        return hand_out(globals()[fitting(wire, image)], wire)

    return attempt(order, call=call, folder=folder, hand_out=hand, at_once=AT_ONCE)


def make(order: Wire) -> Wire:
    """One container works on one batch at a time, and keeps the source for the next."""
    folder = Path(tempfile.gettempdir()) / "longhaul-batch"
    folder.mkdir(exist_ok=True)
    return make_batch(order, folder=folder)


def batch_of(image: Image) -> str:
    """The function that makes batches in this image."""
    return "batch" if image == PROCESSOR else f"batch_{image.name}"


def fitting(order: Wire, usual: Image) -> str:
    """The function whose machines have what the batch that is ordered needs."""
    return batch_of(ENLARGING if Batch.from_wire(order["batch"]).enlarges else usual)


def function(name: str, act: Callable[[Wire], Wire], image: Image, limits: Limits, **more: Any) -> None:
    """Under its name in this module, where a container looks for it."""

    def called(order: Wire) -> Wire:
        return act(order)

    called.__name__ = called.__qualname__ = name
    globals()[name] = app.function(
        image=image_of(image),
        cpu=limits.cpu,
        memory=limits.memory,
        timeout=limits.timeout,
        gpu=limits.gpu or None,
        retries=0,
        scaledown_window=60,
        **more,
    )(called)


for kind in kinds.NAMES:
    declared = needs.of(kind)
    # It mostly waits for others, and all of them wait for it.
    function(kind, conduct, declared.image, declared.conducting, nonpreemptible=True)
    if batch_of(declared.image) not in globals():  # kinds of one image share it
        function(batch_of(declared.image), make, declared.image, declared.batch, max_containers=90)
    if declared.enlarges and batch_of(ENLARGING) not in globals():
        function(batch_of(ENLARGING), make, ENLARGING, ON_GPU, max_containers=90)


@app.function(image=image_of(PROCESSOR), name=f"wire_{VERSION}", max_containers=1)
def version() -> int:
    """Never called: that it is there tells the site which version was deployed."""
    return VERSION


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


def hand_out(batch: "modal.Function[..., Wire, Any]", order: Wire) -> Handed:
    try:
        return Handed(batch.spawn(order))
    except Exception as error:
        raise NotTaken(f"it could not be handed out: {error}") from error
