"""Traces for OpenTelemetry: an export's id is its trace's, so every process adds to the same one without being told.

Nothing of it is imported unless OTEL_EXPORTER_OTLP_ENDPOINT is set; installed by the extra `otel`.
"""

import contextlib
import logging
import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from exports.models import Attempt

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

logger = logging.getLogger("exports")

WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LOW = (1 << 64) - 1


@contextlib.contextmanager
def span(export_id: Any, name: str, **attributes: str | int) -> Iterator[None]:
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name, context=_trace_of(export_id), attributes=_said(export_id, attributes)):
        yield


def attempt(ended: Attempt) -> None:
    """The whole of one, by its own times, once it is decided; in it, its stages."""
    tracer = _tracer()
    if tracer is None or ended.decided_at is None:
        return
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - only where it is installed

    attributes = _said(ended.export_id, {"runner": ended.runner, "outcome": ended.outcome, "cause": ended.cause})
    context, began = _trace_of(ended.export_id), _at(ended.begun_at)
    whole = tracer.start_span(f"attempt {ended.number}", context=context, start_time=began, attributes=attributes)
    for run in ended.export.job.stage_runs.filter(attempt=ended.number):
        done = _said(ended.export_id, {"done": run.done or 0, "run": run.run})
        inside = set_span_in_context(whole, context)
        stage = tracer.start_span(run.stage, context=inside, start_time=_at(run.began), attributes=done)
        stage.end(_at(run.ended))
    whole.end(_at(ended.decided_at))


def install(provider: "TracerProvider | None") -> None:
    """Instead of what the environment names; None brings that back."""
    _installed[:] = [] if provider is None else [provider.get_tracer("longhaul")]
    _tracer.cache_clear()


_installed: "list[Tracer]" = []


@cache
def _tracer() -> "Tracer | None":
    """Made once a process, at the first use: what sends does not survive a fork."""
    if _installed:
        return _installed[0]
    if not any(os.environ.get(name) for name in WHERE):
        return None
    try:
        return _sending()
    except ImportError:
        logger.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but the extra [otel] is not installed: there are no traces")
        return None


def _sending() -> "Tracer":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": "longhaul"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("longhaul")


def _trace_of(export_id: Any) -> "Context":
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    number = uuid.UUID(str(export_id)).int
    flags = TraceFlags(TraceFlags.SAMPLED)
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace_id=number, span_id=number & LOW, is_remote=True, trace_flags=flags))
    )


def _said(export_id: Any, attributes: dict[str, Any]) -> dict[str, str | int]:
    return {"export": str(export_id), **{name: value for name, value in attributes.items() if value != ""}}


def _at(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000_000)


os.register_at_fork(after_in_child=_tracer.cache_clear)
