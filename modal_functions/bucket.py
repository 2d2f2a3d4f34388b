"""A bucket as the store: R2, or anything else that speaks S3 and knows `If-None-Match: *`."""

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from modal_functions import parcels
from modal_functions.multipart import Begun, Multipart, begun
from modal_functions.ranged import ranged
from modal_functions.s3 import S3, Absent, Account, Conflicting, Taken, answered
from modal_functions.store import PIECE, Damaged, Entry, Forbidden, Missing, OnBytes, Stored, Unreachable, checked, told

AGAIN = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds, after somebody else was at the same key in the same moment
FRUITLESS = 3  # times that a body may break off without a byte


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is known of an object without its bytes."""

    bytes: int
    etag: str
    changed_at: datetime
    sha256: str = ""
    writer: str = ""


class BucketStore:
    """Thread-safe. `reading`: other keys for what begins like this, where those of this store may not read it."""

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        bucket: str,
        prefix: str,
        key: str,
        secret: str,
        session: str = "",
        reading: Mapping[str, Any] | None = None,
    ) -> None:
        self.prefix = f"{prefix}/" if prefix else ""
        own = Account(key=key, secret=secret, session=session)
        self.s3 = S3(endpoint=endpoint, region=region, bucket=bucket, account=own)
        self._read_below: tuple[str, ...] = ()
        self._reader = self.s3
        if reading is not None:
            given = {name: value for name, value in reading.items() if name != "below"}
            below = reading["below"]
            self._read_below = (below,) if isinstance(below, str) else tuple(below)
            self._reader = S3(endpoint=endpoint, region=region, bucket=bucket, account=Account(**given))

    def put(self, key: str, body: bytes) -> None:
        self._put(key, body)

    def jot(self, key: str, body: bytes) -> None:
        self._put(key, body)

    def put_once(self, key: str, body: bytes) -> bool:
        """Each write bears a name of its own, so that who finds it standing, knows it: its answer was lost."""
        writer = uuid.uuid4().hex
        for pause in AGAIN:
            try:
                self._put(key, body, writer=writer, once=True)
            except Conflicting:
                time.sleep(pause)
            except Taken:
                head = self.head(key)
                if head is not None:
                    return head.writer == writer
            except Unreachable:
                if self._is_written_by(writer, key):
                    return True
                raise
            else:
                return True
        raise Unreachable(f"{key} is written and deleted by others each time")

    def put_file(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        """Counts what the bucket has, not what has left here."""
        with told():
            large = path.stat().st_size > parcels.LARGEST_PUT
            body = b"" if large else path.read_bytes()
        if large:
            stored = parcels.weighed(key, path)
            parcels.send(
                self.multipart(key),
                path,
                stored,
                is_written_by=lambda writer: self._is_written_by(writer, key),
                on_bytes=on_bytes,
            )
            return stored
        self._put(key, body)
        if on_bytes and body:
            on_bytes(len(body))
        return Stored(key=key, bytes=len(body), sha256=_sum(body))

    def take(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        stored = self.put_file(key, path, on_bytes)
        path.unlink()
        return stored

    def get(self, key: str) -> bytes | None:
        place = self._place(key)
        s3 = self._reader_of(key)
        try:
            body = s3.read(place)
        except Absent:
            return None
        if body is not None:
            return body
        for left in reversed(range(FRUITLESS)):
            try:
                answer = s3.ask("get_object", Key=place)
                return _all_of(answer["Body"])
            except (Absent, Forbidden) as refusal:
                if self._is_certainly_absent(key, refusal):
                    return None
                raise
            except Unreachable:
                if not left:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def fetch(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        """What breaks off is gone on with; under its name the file is there only when it is whole."""
        head = self._found(key)
        half, digest, count = path.with_name(f".{path.name}.half"), hashlib.sha256(), 0
        try:
            with told(), half.open("wb") as file:
                for piece in self._pieces(key, head):
                    file.write(piece)
                    digest.update(piece)
                    count += len(piece)
                    if on_bytes:
                        on_bytes(count)
            if head.sha256 not in ("", digest.hexdigest()):
                raise Damaged(f"{key} has other bytes than were stored")
            with told():
                half.replace(path)
        finally:
            half.unlink(missing_ok=True)
        return Stored(key=key, bytes=count, sha256=digest.hexdigest())

    def open(self, key: str) -> BinaryIO:
        head = self._found(key)
        return ranged(lambda first, last: self._part(key, head, first, last), head.bytes)

    def in_place(self, key: str) -> None:
        return None

    def size(self, key: str) -> int | None:
        head = self.head(key)
        return head.bytes if head is not None else None

    def keys(self, prefix: str) -> Iterator[str]:
        return (entry.key for entry in self.entries(prefix))

    def entries(self, prefix: str) -> Iterator[Entry]:
        s3, given = self._reader_of(prefix), {"Prefix": self._place(prefix.rstrip("/")) + "/"}
        while True:
            page = s3.ask("list_objects_v2", **given)
            for each in page.get("Contents", ()):
                key = each["Key"].removeprefix(self.prefix)
                yield Entry(key=key, bytes=each["Size"], changed_at=each["LastModified"])
            if not page.get("IsTruncated"):
                return
            given["ContinuationToken"] = page["NextContinuationToken"]

    def link(self, key: str, *, seconds: int, disposition: str, content_type: str) -> str:
        given = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
        return self.s3.signed("get_object", seconds, Key=self._place(key), ResponseCacheControl="private", **given)

    def delete(self, key: str) -> None:
        with contextlib.suppress(Absent):
            self.s3.ask("delete_object", Key=self._place(key))

    def multipart(self, key: str) -> Multipart:
        return Multipart(s3=self.s3, key=self._place(key))

    def begun(self, prefix: str) -> Iterator[Begun]:
        """Uploads below a prefix that have not ended."""
        for each in begun(self.s3, self._place(prefix.rstrip("/")) + "/"):
            yield replace(each, key=each.key.removeprefix(self.prefix))

    def head(self, key: str) -> Head | None:
        try:
            place = self._place(key)
            found = self._reader_of(key).ask("head_object", Key=place)
        except (Absent, Forbidden) as refusal:
            if self._is_certainly_absent(key, refusal):
                return None
            raise
        kept = found.get("Metadata", {})
        return Head(
            bytes=found["ContentLength"],
            etag=found["ETag"],
            changed_at=found["LastModified"],
            sha256=kept.get("sha256", ""),
            writer=kept.get("writer", ""),
        )

    def _put(self, key: str, body: bytes, *, writer: str = "", once: bool = False) -> None:
        kept = {"sha256": _sum(body)} | ({"writer": writer} if writer else {})
        condition = {"IfNoneMatch": "*"} if once else {}
        self.s3.ask("put_object", Key=self._place(key), Body=body, Metadata=kept, **condition)

    def _is_written_by(self, writer: str, key: str) -> bool:
        head = self.head(key)
        return head is not None and head.writer == writer

    def _is_certainly_absent(self, key: str, refusal: Absent | Forbidden) -> bool:
        """An answer without a body does not say what is absent, and without the right to list, what is absent is
        forbidden: another question tells."""
        place = self._place(key)
        s3 = self._reader_of(key)
        if isinstance(refusal, Absent) and not refusal.certain:
            try:
                s3.ask("get_object", Key=place, Range="bytes=0-0")["Body"].close()
            except Absent as absent:
                return absent.certain
            return False
        if isinstance(refusal, Absent):
            return True
        with contextlib.suppress(Absent, Forbidden):
            listed = s3.ask("list_objects_v2", Prefix=place, MaxKeys=1).get("Contents", ())
            return all(each["Key"] != place for each in listed)
        return False

    def _found(self, key: str) -> Head:
        head = self.head(key)
        if head is None:
            raise Missing(key)
        return head

    def _pieces(self, key: str, head: Head) -> Iterator[bytes]:
        at, fruitless = 0, 0
        while at < head.bytes:
            before = at
            try:
                with contextlib.closing(self._body(key, head, f"bytes={at}-")) as body, answered():
                    while piece := body.read(PIECE):
                        at += len(piece)
                        yield piece
            except Unreachable:
                fruitless = fruitless + 1 if at == before else 0
                if fruitless == FRUITLESS:
                    raise

    def _part(self, key: str, head: Head, first: int, last: int) -> bytes:
        for left in reversed(range(FRUITLESS)):
            try:
                return _all_of(self._body(key, head, f"bytes={first}-{last}"))
            except Unreachable:
                if not left:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _body(self, key: str, head: Head, part: str) -> Any:
        """Of the object as it was when the reading began, never of two that stood there one after the other."""
        given = {"Key": self._place(key), "Range": part, "IfMatch": head.etag}
        try:
            return self._reader_of(key).ask("get_object", **given)["Body"]
        except Absent:
            raise Missing(key) from None
        except Taken as taken:
            raise Unreachable(f"{key} was replaced while it was read") from taken

    def _reader_of(self, key: str) -> S3:
        return self._reader if key.startswith(self._read_below) else self.s3

    def _place(self, key: str) -> str:
        return self.prefix + checked(key)


def _all_of(body: Any) -> bytes:
    with contextlib.closing(body), answered():
        found: bytes = body.read()
    return found


def _sum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
