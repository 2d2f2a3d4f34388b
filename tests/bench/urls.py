"""The real addresses, and one that answers a constant: what the middleware alone costs."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests import pipelines  # noqa: F401 - registers them


def constant(request: HttpRequest) -> HttpResponse:
    return HttpResponse("constant")


urlpatterns = [path("bench/constant", constant), path("", include("exports_site.urls"))]
