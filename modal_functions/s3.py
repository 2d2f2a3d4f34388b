# ruff: noqa: PLC0415 - boto3 takes long to import, and a folder does without it
"""Speaks with one bucket: a client for each process, each call bounded in time, each failure the answer it is."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modal_functions.reading import Reading
from modal_functions.store import Forbidden, Full, StoreError, Unreachable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3 import S3Client

CONNECTIONS = 150  # as many looks and parts as may be on their way at once
NO_SUCH_KEY = b"<Code>NoSuchKey</Code>"
KEPT = 600  # seconds in which a signed address is used again
ADDRESSES = 10_000
PAUSES = (0.3, 1.0, 2.0)  # seconds, after 429: a key takes one write a second
NO_ROOM = frozenset({"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"})
NO_ENTRY = frozenset({"ExpiredToken", "InvalidToken", "NoSuchBucket", "InvalidBucketName", "PermanentRedirect"})
MAYBE_LATER = frozenset({"RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"})

_making = threading.Lock()


def _forked() -> None:
    """Somebody else may have held it at that moment, and is not here to let go."""
    global _making  # noqa: PLW0603
    _making = threading.Lock()


os.register_at_fork(after_in_child=_forked)


class Absent(Unreachable):
    """404; `certain` where the store says that it is the object that is not there, and not something around it: else
    nothing was learned."""

    def __init__(self, said: str, *, certain: bool) -> None:
        super().__init__(said)
        self.certain = certain


class Taken(StoreError):
    """412: what was asked for only if nothing stands there, or only if the same does."""


class Conflicting(Unreachable):
    """409: somebody else was at it in the same moment."""


@dataclass(frozen=True, kw_only=True)
class Account:
    key: str
    secret: str = field(repr=False)
    session: str = field(default="", repr=False)


class S3:
    def __init__(self, *, endpoint: str, region: str, bucket: str, account: Account) -> None:
        self.endpoint, self.region, self.bucket, self.account = endpoint, region, bucket, account
        self._made: tuple[int, S3Client] | None = None
        self._reading: tuple[int, Reading] | None = None
        self._addresses: dict[str, tuple[str, float]] = {}

    @property
    def client(self) -> "S3Client":
        """Made at its first use and never taken through a fork: two processes on one connection mix their answers."""
        made = self._made
        if made is None or made[0] != os.getpid():
            with _making:
                made = self._made
                if made is None or made[0] != os.getpid():
                    made = self._made = (os.getpid(), self._make())
        return made[1]

    def ask(self, act: str, **given: Any) -> Any:
        """One call, asked again where the store says that it came too soon."""
        call: Callable[..., Any] = getattr(self.client, act)
        for pause in (*PAUSES, None):
            try:
                with answered():
                    return call(Bucket=self.bucket, **given)
            except TooSoon:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def read(self, place: str) -> bytes | None:
        """A small object, for a fraction of what a call of the client costs: what is looked at is looked at every
        second, and an address that was signed once is good for a while. Absent where the bucket says that it is not
        there; None for whatever else is answered: `ask` tells that apart."""
        answer = self._plain().get(self._address(place))
        if answer is None:
            return None
        status, body = answer
        if status == 404 and NO_SUCH_KEY in body:
            raise Absent(f"the bucket answers 404 NoSuchKey for {place}", certain=True)
        return body if status == 200 else None

    def _address(self, place: str) -> str:
        now = time.monotonic()
        address, until = self._addresses.get(place, ("", 0.0))
        if now >= until:
            if len(self._addresses) >= ADDRESSES:
                self._addresses.clear()
            address, until = self.signed("get_object", 2 * KEPT, Key=place), now + KEPT
            self._addresses[place] = (address, until)
        return address

    def _plain(self) -> Reading:
        """Of one process, as the client."""
        made = self._reading
        if made is None or made[0] != os.getpid():
            made = self._reading = (os.getpid(), Reading(self.endpoint))
        return made[1]

    def signed(self, act: str, seconds: int, **given: Any) -> str:
        """An address that does this one thing for so long, for whoever has it. Nothing is asked of the store."""
        with answered():
            return self.client.generate_presigned_url(act, Params={"Bucket": self.bucket, **given}, ExpiresIn=seconds)

    def _make(self) -> "S3Client":
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=3,
            read_timeout=10,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            request_checksum_calculation="when_required",  # R2 refuses what newer versions send unasked
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
        )
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.account.key,
            aws_secret_access_key=self.account.secret,
            aws_session_token=self.account.session or None,
            config=config,
        )


class TooSoon(Unreachable):
    """429 or its like: asked again a little later, it may be answered."""


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Each way a bucket can fail, as the answer it is."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _answer(error) from error
    except ResponseParserError as error:  # a page of something in between
        raise Unreachable("the answer is not a bucket's") from error
    except (BotoCoreError, OSError) as error:
        raise Unreachable(str(error)[:300]) from error


def _answer(error: "ClientError") -> StoreError:
    answer = _told(error)
    answer.code = _code(error) or str(_status(error))
    return answer


def _status(error: "ClientError") -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _code(error: "ClientError") -> str:
    """An answer without a body has its status for a code."""
    code = error.response.get("Error", {}).get("Code", "")
    return "" if code.isdigit() else code


def _told(error: "ClientError") -> StoreError:
    status, code = _status(error), _code(error)
    said = f"the bucket answers {f'{status} {code}'.strip()} to {error.operation_name}"
    if code in NO_ROOM or status == 507:
        return Full(said)
    if code in NO_ENTRY or status in (301, 401, 403):
        return Forbidden(said)
    if status == 404:
        return Absent(said, certain=code in ("NoSuchKey", "NoSuchUpload"))
    if status == 409:
        return Conflicting(said)
    if status == 412:
        return Taken(said)
    if status == 429:
        return TooSoon(said)
    if status >= 500 or code in MAYBE_LATER:
        return Unreachable(said)
    return StoreError(said)
