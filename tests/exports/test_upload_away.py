"""Uploading while the disk of the store is away: it is said, and no other store is made in its place."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from exports.models import Project
from exports.tools import tools

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(settings, tmp_path):
    """A store that has been there, and is not."""
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    tools().store.put("a/film.mp4", b"film")
    settings.STORE_ROOT.rename(tmp_path / "elsewhere")
    yield settings.STORE_ROOT
    tools.cache_clear()


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


def test_a_part_is_refused_for_now(away, project, signed_in):
    browser, at = signed_in(project.owner), f"/projects/{project.pk}"
    asked = {"filename": "beach.mov", "type": "video/mp4", "size": 4}
    begun = browser.post(f"{at}/s3/multipart", asked, content_type="application/json").json()
    url = f"{at}/parts/{begun['uploadId']}/1"
    answer = browser.put(url, b"film", content_type="application/octet-stream")
    assert answer.status_code == 503
    assert "The server cannot store beach.mov now." in answer.json()["error"]
    assert not away.exists()


def test_a_plain_form_says_so_too(away, project, signed_in):
    browser = signed_in(project.owner)
    files = {"files": SimpleUploadedFile("beach.mov", b"film")}
    answer = browser.post(f"/projects/{project.pk}/sources", files, follow=True)
    assert "The server cannot store the file now." in answer.content.decode()
    assert not away.exists()
