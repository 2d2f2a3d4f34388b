"""What staff sees in the admin, and how an act of theirs is asked, planned and answered."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse

from exports.models import Bulk, Export, Heartbeat
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.gallery.stage import Scene, Stage

LIST = "/admin/exports/export/"


def scenes(stage: Stage) -> Iterator[Scene]:
    def seen(name: str, path: str, act: Callable[[Any], None] | None = None) -> Scene:
        return Scene(name=f"staff-{name}", path=path, account=stage.staff, act=act)

    Heartbeat.objects.get_or_create(name="cluster one", defaults={"at": stage.now})
    failed = stage.running(stage.export(title="Wedding in Reine, the long cut"))
    stage.at(2).fail(failed.pk, cause="out_of_memory", text="The machine had too little memory.")
    stuck = stage.running(stage.export(title="Summer"))
    Job.objects.filter(pk=stuck.pk).update(
        heard_at=stage.now - timedelta(seconds=200), finish_high=stage.now - timedelta(seconds=60), gap=1.0
    )
    running = stage.running(stage.export())
    stage.at(1).forecast(
        running.pk,
        finish=stage.now + timedelta(minutes=6),
        low=stage.now + timedelta(minutes=5),
        high=stage.now + timedelta(minutes=8),
    )
    LogEntry.objects.log_actions(stage.staff.pk, [stuck], CHANGE, "Checked now: it is at work.")
    yield seen("home", "/admin/")
    yield seen("attention", LIST)
    yield seen("all", f"{LIST}?view=all")
    yield seen("none", f"{LIST}?q=nothing-like-it")
    for name, export in (("failed", failed), ("stuck", stuck), ("running", running)):
        yield seen(f"story-{name}", reverse("admin:exports_export_change", args=[export.pk]), _unfold)
    story = reverse("admin:exports_export_change", args=[running.pk])
    yield seen("plan", story, _press("Cancel and stop containers"))
    yield seen("results", LIST, _check_all)
    yield seen("system", f"{LIST}system/")
    yield seen("bulk", reverse("admin:exports_bulk_change", args=[_bulk(stage, [failed, stuck, running]).pk]))
    yield seen("bulks", "/admin/exports/bulk/")
    yield seen("accounts", "/admin/exports/user/")
    yield seen("account", f"/admin/exports/user/{stage.owner.pk}/change/")
    yield seen("jobs", "/admin/progress/job/")


def _bulk(stage: Stage, exports: list[Export]) -> Bulk:
    pks = [each.pk for each in exports]
    bulk = Bulk.begin("check", pks, by=stage.staff, title="Check now: 3 exports", reason="The night shift.", given="")
    ProgressTracker().start(bulk.pk, attempt=1)
    first, second, _ = bulk.rows.all()
    first.answer(ok=True, said="Nothing to do: it has ended.")
    second.answer(ok=False, said="It could not be asked: the store did not answer in time.")
    return bulk


def _unfold(page: Any) -> None:
    page.get_by_text("The next step would be").wait_for()
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true })")


def _press(name: str) -> Callable[[Any], None]:
    def press(page: Any) -> None:
        page.get_by_role("button", name=name).first.click()
        page.wait_for_load_state()

    return press


def _check_all(page: Any) -> None:
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Go").click()
    page.wait_for_load_state()
