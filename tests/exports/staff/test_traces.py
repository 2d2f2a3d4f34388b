"""One export is one trace, whoever adds to it, and nothing of it is there unless somebody wants it."""

import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from exports import traces

pytestmark = pytest.mark.django_db


@pytest.fixture
def spans():
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces.install(provider)
    yield kept.get_finished_spans
    traces.install(None)
    provider.shutdown()


def test_an_export_is_followed_from_its_start_to_its_result(spans, export, work, drive, act):
    work.finishes()
    drive(2)
    act("again", export)
    found = {span.name: span for span in spans()}
    assert {"step queue", "spawn", "step greet", "step settle", "step finalize", "attempt 1", "act again"} <= set(found)
    assert {f"{span.context.trace_id:032x}" for span in spans()} == {export.pk.hex}
    whole, stage = found["attempt 1"], found["process"]
    assert whole.attributes["outcome"] == "ok"
    assert stage.parent.span_id == whole.context.span_id
    assert stage.end_time > stage.start_time


def test_what_happens_every_second_is_no_span(spans, export, work, drive):
    before = len(spans())
    for done in (460, 470, 480):
        work.reports("process", done, 900)
        drive()
    assert len(spans()) == before


def test_nobody_asks_for_it_and_nothing_is_made(monkeypatch, export):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    traces.install(None)
    with traces.span(export.pk, "step"):
        pass
    assert traces._tracer() is None


def test_asked_for_without_the_package_it_is_said_and_goes_on(monkeypatch, caplog, export):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    traces.install(None)
    with traces.span(export.pk, "step"):
        pass
    assert "is not installed" in caplog.text
    monkeypatch.undo()
    traces.install(None)
