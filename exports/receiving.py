"""How the files of a plain form come in: to a disk, and only where a page expects them."""

import fcntl
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from exports.folder_parts import HALF, uploads_of
from modal_functions.folder import FolderStore
from modal_functions.store import Store


class NoFiles(FileUploadHandler):
    """Without it every form, even the sign-in's, would take files of any size from anybody."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise StopUpload(connection_reset=True)


class Beside(TemporaryUploadedFile):
    """Django's own would take its suffix from the name that was sent, however long that is."""

    def __init__(self, folder: Path, name: str, content_type: str | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=folder, prefix=HALF)  # noqa: SIM115 - closed with the request
        fcntl.flock(file, fcntl.LOCK_EX)  # so that a sweep takes it for somebody's
        UploadedFile.__init__(self, file, name, content_type, 0)


class ToTheDisk(TemporaryFileUploadHandler):
    """To the store's own, where it has one: then nothing has to be copied from one disk to another."""

    def __init__(self, request: HttpRequest, store: Store) -> None:
        super().__init__(request)
        self.store = store
        self.folder = uploads_of(store) if isinstance(store, FolderStore) else incoming()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        if isinstance(self.store, FolderStore):
            self.store.check()
        self.file = Beside(self.folder, self.file_name or "", self.content_type)


class Small(FileUploadHandler):
    """Into memory, up to so many bytes; of what is larger, only the size is kept, for whoever says that it is."""

    def __init__(self, request: HttpRequest, *, most: int) -> None:
        super().__init__(request)
        self.most = most
        self.held = BytesIO()

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        *_, content_length = args[:3]
        if content_length > 4 * self.most:
            raise StopUpload(connection_reset=True)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.held = BytesIO()

    def receive_data_chunk(self, piece: bytes, start: int) -> None:
        if start + len(piece) <= self.most:
            self.held.write(piece)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        self.held.seek(0)
        return UploadedFile(self.held, self.file_name or "file", self.content_type, file_size)


def incoming() -> Path:
    """Where a form's files are until they are in the bucket."""
    folder: Path = settings.HOME / "incoming"
    return folder
