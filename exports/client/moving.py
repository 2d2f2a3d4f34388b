"""Bytes up and down. What broke off goes on from where it is; what has arrived is known to be what was sent."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from .asking import AGAIN, TRIES, Asking, Away, Refused, said_wait

OnBytes = Callable[[int, int], None]
PIECE = 1 << 20


class _NotNow(Refused):
    """Asked for again in a while, it may be answered."""

    def __init__(self, sentence: str, *, status: int, wait: float | None) -> None:
        super().__init__(sentence, status=status)
        self.wait = wait


def send(asking: Asking, upload: Mapping[str, Any], path: Path, on_bytes: OnBytes) -> None:
    """Every part that is not there yet, as it is in the file now; then that all are there."""
    there = {part["number"]: part["etag"].strip('"') for part in upload["parts"]}
    size, total = int(upload["part_bytes"]), int(upload["bytes"])
    with path.open("rb") as file:
        for number in range(1, -(-total // size) + 1):
            body = file.read(size)
            if there.get(number) != hashlib.md5(body, usedforsecurity=False).hexdigest():
                there[number] = _send_part(asking, str(upload["id"]), number, body)
            on_bytes(min(total, number * size), total)
    listed = [{"number": number, "etag": etag} for number, etag in sorted(there.items())]
    asking.json("POST", f"/uploads/{upload['id']}/complete", {"parts": listed})


def _send_part(asking: Asking, upload_id: str, number: int, body: bytes) -> str:
    address = asking.json("GET", f"/uploads/{upload_id}/parts/{number}")
    if address["here"]:
        headers = {"Content-Type": "application/octet-stream"}
        answer = asking.ask("PUT", address["url"], content=body, headers=headers)
    else:
        answer = _put_elsewhere(asking, address["url"], body)
    return str(answer.headers["ETag"]).strip('"')


def _put_elsewhere(asking: Asking, url: str, body: bytes) -> httpx.Response:
    """To the bucket, which must not be shown the token."""
    for tried in range(1, TRIES + 1):
        try:
            answer = httpx.put(url, content=body, timeout=300.0)
        except httpx.TransportError as error:
            why = f"The bucket does not answer: {error or type(error).__name__}"
            if tried == TRIES:
                raise Away(why) from None
        else:
            if answer.is_success:
                return answer
            why = f"The bucket answered {answer.status_code} to a part."
            if answer.status_code < 500 or tried == TRIES:
                raise Refused(why, status=answer.status_code)
        asking.wait(why, tried)
    raise AssertionError("unreachable")


def fetch(asking: Asking, result: Mapping[str, Any], out: Path, on_bytes: OnBytes) -> Path:
    total, half = int(result["bytes"]), out.with_name(f".{out.name}.part")
    begun = half.exists()
    for tried in range(1, TRIES + 1):
        try:
            _go_on(asking, str(result["download"]), half, total, on_bytes)
            break
        except httpx.TransportError as error:
            if tried == TRIES:
                raise Away(f"The download broke off {TRIES} times: {error or type(error).__name__}") from None
            asking.wait(f"The download broke off: {error or type(error).__name__}", tried)
        except _NotNow as refusal:
            if tried == TRIES:
                raise
            asking.wait(str(refusal), tried, refusal.wait)
    if digest(half) != result["sha256"]:
        half.unlink()
        if begun:  # of another film, perhaps, that was to be called the same
            return fetch(asking, result, out, on_bytes)
        raise Refused("What was downloaded is not what was made. Download it again.", status=502)
    return half.replace(out)


def _go_on(asking: Asking, address: str, half: Path, total: int, on_bytes: OnBytes) -> None:
    have = half.stat().st_size if half.exists() else 0
    if have > total:
        half.unlink()
        have = 0
    if have == total:
        return
    headers = {"Range": f"bytes={have}-"}
    with asking.http.stream("GET", address, headers=headers) as answer:
        elsewhere = answer.headers["Location"] if answer.is_redirect else ""
        if not elsewhere:
            _keep(answer, half, total, on_bytes)
    if elsewhere:  # in the bucket, which must not be shown the token
        with httpx.stream("GET", elsewhere, headers=headers, timeout=60.0) as answer:
            _keep(answer, half, total, on_bytes)


def _keep(answer: httpx.Response, half: Path, total: int, on_bytes: OnBytes) -> None:
    if not answer.is_success:
        said = f"The download was answered {answer.status_code}."
        if answer.status_code in AGAIN:
            raise _NotNow(said, status=answer.status_code, wait=said_wait(answer))
        raise Refused(said, status=answer.status_code)
    try:
        with half.open("ab" if answer.status_code == 206 else "wb") as file:
            for piece in answer.iter_bytes(PIECE):
                file.write(piece)
                on_bytes(file.tell(), total)
    except OSError as error:
        error.filename = str(half)  # which a write does not know
        raise


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
