"""The link to an export, as its owner's page shows it."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from exports.models import Export, Share


@dataclass(frozen=True, kw_only=True)
class Sharing:
    export: Export
    link: Share | None
    address: str  # with the site's name, to be copied

    @classmethod
    def of(cls, request: HttpRequest, export: Export) -> "Sharing":
        link = Share.objects.filter(export=export).first()
        address = request.build_absolute_uri(reverse("shared", args=[link.token])) if link else ""
        return cls(export=export, link=link, address=address)
