"""What a page of a project does while it uploads, and what becomes of that."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile

from exports.folder_parts import HALF
from exports.models import Source

MIB = 1 << 20
SENT = bytes(range(256)) * 20 + bytes(reversed(range(256))) * 20  # 10,240 bytes
HALVES = (SENT[:5120], SENT[5120:])
SIZE = len(SENT)


class Page:
    """What a page of a project does while it uploads."""

    def __init__(self, client, project):
        self.client, self.at = client, f"/projects/{project.pk}"

    def create(self, name="beach.mov", size=SIZE, **more):
        return self._post(f"{self.at}/s3/multipart", {"filename": name, "type": "video/mp4", "size": size, **more})

    def begun(self, **more):
        return self.create(**more).json()

    def sign(self, begun, number):
        return self.client.get(self._of(begun, f"/{number}"))

    def put(self, begun, number, body, **more):
        url = f"{self.at}/parts/{begun['uploadId']}/{number}"
        return self.client.put(url, body, content_type="application/octet-stream", **more)

    def listed(self, begun):
        return self.client.get(self._of(begun))

    def complete(self, begun, listed=None):
        listed = self.listed(begun).json() if listed is None else listed
        return self._post(self._of(begun, "/complete"), {"parts": listed})

    def abort(self, begun):
        return self.client.delete(self._of(begun))

    def unfinished(self, name="beach.mov", size=SIZE, **more):
        return self.client.get(f"{self.at}/unfinished", {"name": name, "size": size, **more})

    def send(self, begun, *bodies):
        return [self.put(begun, number, body) for number, body in enumerate(bodies, 1)]

    def _of(self, begun, more=""):
        return f"{self.at}/s3/multipart/{begun['uploadId']}{more}?key={begun['key']}"

    def _post(self, url, body):
        return self.client.post(url, json.dumps(body), content_type="application/json")


def uploaded(name="beach.mov", body=SENT):
    return SimpleUploadedFile(name, body, content_type="video/mp4")


def said(answer):
    return answer.json()["error"]


def only_source():
    return Source.objects.get()


def half_written(store):
    return list(store.root.rglob(f"{HALF}*"))
