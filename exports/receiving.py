"""How the files of a plain form come in: to the store's own disk, and only where a page expects them."""

import fcntl
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from exports.parts import HALF, uploads_of
from modal_functions.store import FolderStore


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


class ToTheStoresDisk(TemporaryFileUploadHandler):
    def __init__(self, request: HttpRequest, store: FolderStore) -> None:
        super().__init__(request)
        self.folder = uploads_of(store)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = Beside(self.folder, self.file_name or "", self.content_type)
