"""Jobs with their stages and timeline, to read. What changes a job goes through its verbs, never through a form."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from progress.models import Event, Forecast, Job, Rate, StageRun
from progress.snapshot import snapshot


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class StageRuns(ReadOnly, admin.TabularInline):
    model = StageRun
    fields = ("stage", "attempt", "run", "began", "seconds", "done", "total", "finished")
    readonly_fields = fields
    extra = 0


class Timeline(ReadOnly, admin.TabularInline):
    model = Event
    fields = ("at", "phase", "status", "stage", "attempt", "percent", "elapsed", "own_cause", "actor", "note")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = "timeline"

    @admin.display(description="cause")
    def own_cause(self, event: Event) -> str:
        return event.own_cause

    @admin.display(description="percent")
    def percent(self, event: Event) -> str:
        return f"{event.bp / 100:.1f}"


class Forecasts(ReadOnly, admin.TabularInline):
    """What was said, and what came of it."""

    model = Forecast
    fields = ("percent", "estimator", "shown", "made_at", "low", "finish", "high", "actual", "off", "inside")
    readonly_fields = fields
    ordering = ("percent", "estimator")
    extra = 0
    verbose_name_plural = "forecasts against what came"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("job")

    @admin.display(description="really")
    def actual(self, forecast: Forecast) -> Any:
        return forecast.job.settled_at if forecast.scored_at else None

    @admin.display(description="error")
    def off(self, forecast: Forecast) -> str:
        return "" if forecast.error is None else f"{forecast.error:+.0%} of its time"


@admin.register(Rate)
class Rates(ReadOnly, admin.ModelAdmin):
    """To look at what was learned; `manage.py calibrate` learns it anew."""

    list_display = ("key", "mean", "variance", "count", "at")
    search_fields = ("key",)
    show_full_result_count = False


@admin.register(Job)
class Jobs(ReadOnly, admin.ModelAdmin):
    list_display = (
        "title",
        "short_id",
        "owner",
        "pipeline",
        "status",
        "percent",
        "stage",
        "attempt",
        "heard_at",
        "created_at",
    )
    list_filter = ("status", "pipeline")
    list_select_related = ("owner",)
    search_fields = ("=id", "title", "=owner__username")
    ordering = ("-created_at",)
    show_full_result_count = False
    list_per_page = 50
    inlines = (StageRuns, Timeline, Forecasts)
    fieldsets = (
        (None, {"fields": ("title", "id", "owner", "pipeline", "status", "wish", "seen_by_owner")}),
        (
            "Bar",
            {
                "fields": (
                    "percent",
                    "bp",
                    "own_bp",
                    "stage",
                    "done",
                    "total",
                    "kept",
                    "unit",
                    "bytes",
                    "message",
                    "plan",
                    "passed",
                )
            },
        ),
        (
            "Attempt",
            {"fields": ("attempt", "run", "seq", "gap", "heard_at", "polls", "unreachable_since", "unreachable_part")},
        ),
        ("Ending", {"fields": ("cause", "cause_text", "settled_at", "unseen")}),
        (
            "Time",
            {
                "fields": (
                    "created_at",
                    "started_at",
                    "paused_at",
                    "paused_for",
                    "starts_low",
                    "starts_high",
                    "finish_low",
                    "finish",
                    "finish_high",
                )
            },
        ),
        (
            "Row",
            {
                "fields": ("version", "parent", "queue_position", "later", "worsened", "stage_began"),
                "classes": ("collapse",),
            },
        ),
    )

    @admin.display(description="id")
    def short_id(self, job: Job) -> str:
        return str(job.pk)[:8]

    @admin.display(description="what the owner reads")
    def seen_by_owner(self, job: Job) -> str:
        seen = snapshot(job)
        said = (seen.heading, seen.percent_words, seen.eta, seen.held, seen.verdict_words, seen.message)
        return " · ".join(part for part in said if part)

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> Any:
        return [*(field.name for field in Job._meta.fields), "percent", "seen_by_owner"]
