"""Pages go compressed; films do not, since their parts are asked for by byte."""

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from exports_site.compress import CompressPagesMiddleware

BROWSER = {"Accept-Encoding": "gzip, br"}
TEXT = b"<p>It will be done.</p>" * 100


def through(answer, rf, **headers):
    return CompressPagesMiddleware(lambda request: answer)(rf.get("/", headers=headers or BROWSER))


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
def test_what_is_written_goes_compressed(rf, content_type):
    answer = through(HttpResponse(TEXT, content_type=content_type), rf)
    assert gzip.decompress(answer.content) == TEXT
    assert len(answer.content) < len(TEXT) / 4


def test_who_cannot_read_that_gets_it_plain(rf):
    assert through(HttpResponse(TEXT), rf, **{"Accept-Encoding": "identity"}).content == TEXT


@pytest.mark.parametrize("answer", [StreamingHttpResponse([TEXT]), HttpResponse(TEXT, content_type="image/jpeg")])
def test_films_and_pictures_go_as_they_are(rf, answer):
    assert not through(answer, rf).has_header("Content-Encoding")
