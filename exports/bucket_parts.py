"""The parts of an upload in a bucket: the page sends them there itself, and the bucket says which it has."""

import contextlib
from collections.abc import Sequence

from exports.limits import Refused
from exports.models import Source
from exports.parts import Part
from modal_functions.bucket import BucketStore
from modal_functions.multipart import Gone, Sent
from modal_functions.store import Stored

SECONDS = 3600  # in which a part that was asked for can be sent


class BucketParts:
    def __init__(self, store: BucketStore, source: Source) -> None:
        self.store, self.source = store, source
        self.sending = store.multipart(source.key)

    def listed(self) -> list[Part]:
        if not self.source.upload:
            return []
        try:
            sent = self.sending.listed(self.source.upload)
        except Gone:
            self._forget()
            return []
        return [Part(number=each.number, bytes=each.bytes, tag=each.etag) for each in sent]

    def signed(self, number: int, length: int) -> str:
        if length < 1:
            raise Refused(f"{self.source.name} has no part {number}: it ends before.", 400)
        upload = self.source.upload or self._begin()
        return self.sending.signed(upload, number, length=length, seconds=SECONDS)

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Nobody has to wait: what decides is the bucket's one completion, and after it the row."""
        return contextlib.nullcontext()

    def whole(self) -> Stored | None:
        """Its sum is not known before somebody has read it: that is whoever looks at it."""
        size = self.store.size(self.source.key)
        return None if size is None else Stored(key=self.source.key, bytes=size, sha256="")

    def join(self, parts: Sequence[Part], key: str) -> Stored:
        """Completed meanwhile by somebody else, it is whole too."""
        sent = [Sent(number=part.number, bytes=part.bytes, etag=part.tag) for part in parts]
        with contextlib.suppress(Gone):
            self.sending.complete(self.source.upload, sent)
        stored = self.whole()
        if stored is None:
            raise Refused(f"The parts of {self.source.name} are no longer in the store. Pick the file again.")
        return stored

    def discard(self) -> None:
        """A part that is on its way right now may still arrive; the bucket's own rule sweeps it after a day."""
        if self.source.upload:
            self.sending.abort(self.source.upload)

    def _begin(self) -> str:
        """Of two that begin at once, one counts."""
        upload = self.sending.begin()
        begun = Source.objects.filter(pk=self.source.pk, upload="", state=Source.State.UPLOADING)
        if begun.update(upload=upload):
            self.source.upload = upload
            return upload
        self.sending.abort(upload)
        self.source.refresh_from_db(fields=("upload", "state"))
        if not self.source.upload:
            raise Refused(f"The upload of {self.source.name} has ended. Pick the file again.")
        return self.source.upload

    def _forget(self) -> None:
        """Swept away by the bucket, or aborted by hand: the next part begins it anew, unless the object is whole."""
        if self.store.size(self.source.key) is None:
            Source.objects.filter(pk=self.source.pk, upload=self.source.upload).update(upload="", stored_bytes=0)
            self.source.upload = ""
