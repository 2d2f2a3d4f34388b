"""Films and thumbnails in a bucket: this server says where they are for a while, to those who may see them."""

import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from exports.models import Source
from exports.tools import tools
from tests.exports.footage import FILM, film_of, finished, project_of, requested

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_bucket")]


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return finished(requested(project, title="Lofoten"))


@pytest.mark.parametrize(("page", "how", "seconds"), [("download", "attachment", "3600"), ("watch", "inline", "21600")])
def test_a_film_comes_from_the_bucket_under_a_name_of_its_own(export, owner, signed_in, page, how, seconds, in_bucket):
    answer = signed_in(owner).get(reverse(page, args=[export.pk]), headers={"Range": "bytes=0-1"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(in_bucket.endpoint)
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    assert parse_qs(urlsplit(answer["Location"]).query)["X-Amz-Expires"] == [seconds]
    with urllib.request.urlopen(answer["Location"]) as film:
        assert film.read() == FILM
        assert film.headers["Content-Disposition"] == f'{how}; filename="Lofoten.mp4"'
        assert film.headers["Content-Type"] == "video/mp4"


def test_a_stranger_is_told_no_address(export, stranger, signed_in):
    answer = signed_in(stranger).get(reverse("download", args=[export.pk]))
    assert answer.status_code == 404
    assert "Location" not in answer


def test_a_film_that_is_gone_is_not_found_and_a_bucket_that_is_silent_says_so(export, owner, signed_in, in_bucket):
    in_bucket.fault("HEAD", "film.mp4", status=403, code="AccessDenied")
    in_bucket.fault("GET", "list-type=2", status=403, code="AccessDenied")
    answer = signed_in(owner).get(reverse("download", args=[export.pk]))
    assert answer.status_code == 503
    assert "The film is not affected" in answer.content.decode()
    tools().store.delete(export.result_key)
    assert signed_in(owner).get(reverse("download", args=[export.pk])).status_code == 404


def test_a_thumbnail_comes_from_the_bucket_and_is_kept_for_less_time_than_its_address_is_good(owner, signed_in):
    film_of(project_of(owner), "beach.mov")
    source = Source.objects.first()
    key = f"{source.folder}/thumb.jpg"
    tools().store.put(key, b"\xff\xd8 a picture")
    Source.objects.filter(pk=source.pk).update(facts=source.facts | {"thumbnail": key})
    answer = signed_in(owner).get(reverse("thumbnail", args=[source.pk]))
    assert answer.status_code == 302
    assert answer["Cache-Control"] == "private, max-age=1800"
    with urllib.request.urlopen(answer["Location"]) as picture:
        assert picture.read() == b"\xff\xd8 a picture"
        assert picture.headers["Content-Type"] == "image/jpeg"
