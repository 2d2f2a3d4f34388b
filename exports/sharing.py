"""The link to an export, as its owner's page shows it."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from exports import retention
from exports.models import Export, Share
from progress.models import Status


def is_over(link: Share, now: datetime) -> bool:
    """A link lives no longer than what it leads to, also where that was not swept away yet."""
    until = retention.until(link.export)
    return link.export.job.status == Status.EXPIRED or (until is not None and until <= now)


@dataclass(frozen=True, kw_only=True)
class Sharing:
    export: Export
    link: Share | None
    address: str  # with the site's name, to be copied

    @property
    def until(self) -> datetime | None:
        return retention.until(self.export)

    @property
    def kept_for(self) -> str:
        """How long the film, and the link with it, will be kept once it is finished; empty where that is for good."""
        kept = None if self.export.job.settled else retention.kept_for(self.export.job.owner)
        return retention.in_words(kept) if kept else ""

    @classmethod
    def of(cls, request: HttpRequest, export: Export) -> "Sharing":
        link = Share.objects.filter(export=export).first()
        address = request.build_absolute_uri(reverse("shared", args=[link.token])) if link else ""
        return cls(export=export, link=link, address=address)
