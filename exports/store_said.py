"""A store that fails, as whoever runs the server reads it: what it says of itself, and the setting to look at."""

from typing import NamedTuple

from django.conf import settings

from modal_functions.store import Forbidden, Full, StoreError

Failed = StoreError  # for who is above, and knows no store itself
NO_KEY = "LONGHAUL_STORE_KEY is no key of this provider: it was deleted, or is another's."
OF_THE_KEY = {  # by what a bucket or an STS answers
    "InvalidAccessKeyId": NO_KEY,
    "InvalidClientTokenId": NO_KEY,
    "SignatureDoesNotMatch": "LONGHAUL_STORE_SECRET does not belong to LONGHAUL_STORE_KEY.",
}
BY_CODE = OF_THE_KEY | {
    "NoSuchBucket": "LONGHAUL_STORE names a bucket that is not there: make it, or mend its name.",
    "AuthorizationHeaderMalformed": "The bucket is in another region: LONGHAUL_STORE_REGION.",
    "AccessDenied": "The key lacks the permission for this: docs/STORE.md has all permissions, word by word.",
    "RequestTimeTooSkewed": "This machine's clock is wrong: let it follow a time server.",
}
NOT_THERE = "Look at LONGHAUL_STORE_ENDPOINT, and whether this machine reaches it."
BUCKET = "Look at LONGHAUL_STORE and what belongs to it, and at the permissions of its key."
FOLDER = "Look at the folder {}, its disk, and whether this user may write there."
NO_ROOM = "Make room where the store is: manage.py tidy_store --dry-run says what nobody needs."


class Told(NamedTuple):
    said: str
    todo: str

    def __str__(self) -> str:
        return f"{self.said} {self.todo}"


def told(error: StoreError) -> Told:
    return Told(said=f"The store {_does(error)}: {str(error).rstrip('.')}.", todo=todo(error))


def _does(error: StoreError) -> str:
    if isinstance(error, Full):
        return "is full"
    if isinstance(error, Forbidden):
        return "refuses"
    return "fails" if error.code else "does not answer"


def todo(error: StoreError) -> str:
    if isinstance(error, Full):
        return NO_ROOM
    if not settings.STORE_BUCKET:
        return FOLDER.format(settings.STORE_ROOT)
    return BY_CODE.get(error.code, BUCKET) if error.code else NOT_THERE
