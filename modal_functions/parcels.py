"""Sends a large file to a bucket, several parts at once."""

import contextlib
import hashlib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from modal_functions.multipart import Gone, Multipart, Sent
from modal_functions.store import OnBytes, Stored, StoreError, Unreachable, told

MIB = 1 << 20
LARGEST_PUT = 16 * MIB  # what is larger goes in parts
PART = 16 * MIB
MOST_PARTS = 10_000
AT_ONCE = 4  # so many parts are in memory


def weighed(key: str, path: Path) -> Stored:
    with told(), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Stored(key=key, bytes=file.tell(), sha256=digest)


def send(
    to: Multipart, path: Path, stored: Stored, *, is_written_by: Callable[[str], bool], on_bytes: OnBytes | None
) -> None:
    """`on_bytes` is called from here only, never by two at once. Where the last answer was lost, the object under
    the key tells whether it bears this writer's name."""
    writer = uuid.uuid4().hex
    upload = to.begin(sha256=stored.sha256, writer=writer)
    try:
        parts = _sent(to, upload, path, stored.bytes, on_bytes)
        try:
            to.complete(upload, parts)
        except (Gone, Unreachable) as error:
            if not is_written_by(writer):
                raise Unreachable(str(error)) from error
    except BaseException:
        with contextlib.suppress(StoreError):  # what stays behind is swept by the bucket itself
            to.abort(upload)
        raise


def _sent(to: Multipart, upload: str, path: Path, size: int, on_bytes: OnBytes | None) -> list[Sent]:
    done: list[Sent] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="part") as pool:
        under_way: set[Future[Sent]] = set()
        for number, (start, length) in enumerate(_spans(size), 1):
            if len(under_way) == AT_ONCE:
                under_way = _take(under_way, done, on_bytes)
            under_way.add(pool.submit(_send_one, to, upload, number, path, start, length))
        while under_way:
            under_way = _take(under_way, done, on_bytes)
    return sorted(done, key=lambda sent: sent.number)


def _take(under_way: set[Future[Sent]], done: list[Sent], on_bytes: OnBytes | None) -> set[Future[Sent]]:
    ended, others = wait(under_way, return_when=FIRST_COMPLETED)
    for part in ended:
        done.append(part.result())
        if on_bytes:
            on_bytes(sum(sent.bytes for sent in done))
    return others


def _send_one(to: Multipart, upload: str, number: int, path: Path, start: int, length: int) -> Sent:
    with told(), path.open("rb") as file:
        file.seek(start)
        body = file.read(length)
    return to.put(upload, number, body)


def _spans(size: int) -> Iterator[tuple[int, int]]:
    """All of the same length but the last, as R2 wants them."""
    length = max(PART, -(-size // MOST_PARTS))
    for start in range(0, size, length):
        yield start, min(length, size - start)
