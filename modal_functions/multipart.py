"""A large object of a bucket: sent in parts, in any order, and whole in one step at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from modal_functions.s3 import S3, Absent


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A part that the bucket has."""

    number: int
    bytes: int
    etag: str


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An upload that was neither completed nor aborted."""

    key: str
    upload: str
    at: datetime


class Gone(Exception):
    """There is no such upload any more: it was completed, aborted, or swept away."""


@dataclass(frozen=True, kw_only=True)
class Multipart:
    """Of one object; `key` is the bucket's own."""

    s3: S3
    key: str

    def begin(self, **more: str) -> str:
        """`more` is kept beside the object."""
        upload: str = self.s3.ask("create_multipart_upload", Key=self.key, Metadata=more)["UploadId"]
        return upload

    def put(self, upload: str, number: int, body: bytes) -> Sent:
        answer = self.s3.ask("upload_part", Key=self.key, UploadId=upload, PartNumber=number, Body=body)
        return Sent(number=number, bytes=len(body), etag=answer["ETag"].strip('"'))

    def signed(self, upload: str, number: int, *, length: int, seconds: int) -> str:
        """Where whoever has it may send this one part, of this length and no other."""
        given = {"Key": self.key, "UploadId": upload, "PartNumber": number, "ContentLength": length}
        return self.s3.signed("upload_part", seconds, **given)

    def listed(self, upload: str) -> list[Sent]:
        """What the bucket has of it, in order; Gone where there is nothing to have."""
        return sorted(self._pages(upload), key=lambda sent: sent.number)

    def complete(self, upload: str, parts: Sequence[Sent]) -> None:
        """Gone also when an earlier completion did it and its answer was lost: the object itself tells."""
        named = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        try:
            self.s3.ask("complete_multipart_upload", Key=self.key, UploadId=upload, MultipartUpload={"Parts": named})
        except Absent as absent:
            raise Gone(str(absent)) from absent

    def abort(self, upload: str) -> None:
        try:
            self.s3.ask("abort_multipart_upload", Key=self.key, UploadId=upload)
        except Absent:  # it was aborted or completed before
            return

    def _pages(self, upload: str) -> Iterator[Sent]:
        marker, more = 0, True
        while more:
            try:
                page = self.s3.ask("list_parts", Key=self.key, UploadId=upload, PartNumberMarker=marker)
            except Absent as absent:
                raise Gone(str(absent)) from absent
            for part in page.get("Parts", ()):
                yield Sent(number=part["PartNumber"], bytes=part["Size"], etag=part["ETag"].strip('"'))
            marker, more = page.get("NextPartNumberMarker", 0), page.get("IsTruncated", False)


def begun(s3: S3, prefix: str) -> Iterator[Begun]:
    given: dict[str, str] = {"Prefix": prefix}
    while True:
        page = s3.ask("list_multipart_uploads", **given)
        for each in page.get("Uploads", ()):
            yield Begun(key=each["Key"], upload=each["UploadId"], at=each["Initiated"])
        if not page.get("IsTruncated"):
            return
        given |= {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
