"""/metrics, for Prometheus: the gauges of the installation, each asked of the database when it is scraped.

Whoever scrapes one web process has scraped all: nothing here is counted in the memory of one of them.
"""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from exports import versions
from exports.gauges import Gauge, gauges

logger = logging.getLogger("exports_site")


class Gauges(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            for gauge in gauges():
                yield _family(gauge)
            up = 1.0
        except Error:  # what was asked before it stays said
            logger.warning("The database did not answer while the numbers were read")
            up = 0.0
        yield GaugeMetricFamily("longhaul_database_up", "Whether the database answered", value=up)
        named = {name.replace("-", "_"): version for name, version in versions.packages().items()}
        of = GaugeMetricFamily("longhaul_version", "What runs here, in labels", labels=list(named))
        of.add_metric(list(named.values()), 1)
        yield of


def _family(gauge: Gauge) -> GaugeMetricFamily:
    samples = list(gauge.read())
    labels = list(samples[0].of) if samples else []
    family = GaugeMetricFamily(f"longhaul_{gauge.name}", gauge.says, labels=labels)
    for sample in samples:
        family.add_metric([sample.of[label] for label in labels], sample.value)
    return family


_registry = CollectorRegistry(auto_describe=False)
_registry.register(Gauges())


@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Not there at all for who may not see it."""
    if not _may_see(request):
        raise Http404
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return bool(settings.METRICS_OPEN)
    shown = request.headers.get("Authorization", "")
    return constant_time_compare(shown, f"Bearer {settings.METRICS_TOKEN}")
