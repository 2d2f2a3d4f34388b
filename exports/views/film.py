"""The film of a project is one form: whatever button is pressed, what was typed into it comes along and is kept."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from exports import kinds, originals, showing, uploads
from exports.forms import ClipForm
from exports.kinds.multi_clip import MultiClip
from exports.models import Export, Project, Source
from exports.models.project import MOST_CLIPS
from exports.tools import tools
from exports.views.projects import own, page_of
from progress.isolating import isolated

CHANGED = gettext_lazy("The film was changed elsewhere meanwhile. This is how it stands now.")
FULL = gettext_lazy("The film has room for %(most)d clips, and that is how many it has.")


class NotDone(Exception):
    """What was asked for could not be done; the sentence says why."""


@login_required
@never_cache
@require_POST
def change_film(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project, typed = own(request, project_id), request.POST
    verb, _, what = typed.get("do", "").partition(":")
    if verb in ("check", "look"):
        return _checked(request, project, typed)
    wrong, said, problem = _trim(project, typed).wrong, "", ""
    try:
        if verb == "export":
            return _lead_to(request, project, _exported(request, project, wrong))
        said = DO.get(verb, _nothing)(project, what)
    except NotDone as refusal:
        problem = str(refusal)
    return _answer(request, project, wrong, said=said, problem=problem)


def _checked(request: HttpRequest, project: Project, typed: QueryDict) -> HttpResponse:
    """A field was changed, or the library: what is said of its clip, or of all, and of the whole film. Others that were
    changed since a page was answered last are told of with it: of several changes, it may ask after the last alone."""
    field = request.headers.get("HX-Trigger-Name", "")
    trimmed = _trim(project, typed, field)
    left = _number(field.split("-")[1]) if "-" in field else 0
    context = {
        "film": showing.film(project, typed=typed, wrong=trimmed.wrong),
        "changed": trimmed.moved | ({left} if left else set()),
        "wrong": trimmed.wrong,
        "all": typed.get("do") == "look",
    }
    return render(request, "projects/checked.html", context)


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    moved: set[int]  # clips whose points were others before
    wrong: list[int]  # those of which they cannot be kept


def _trim(project: Project, typed: QueryDict, changed: str = "") -> Trimmed:
    """Keeps every pair of in and out points that is right."""
    moved, wrong = set(), []
    for clip in project.clips.prefetch_related("source"):
        form = ClipForm(typed, clip)
        if changed.startswith(f"{form.prefix}-") and not form.is_valid() and (alone := form.alone(changed)).is_valid():
            form = alone
        if not form.is_bound:
            continue
        if not form.is_valid():
            wrong.append(clip.pk)
        elif form.save():
            moved.add(clip.pk)
    return Trimmed(moved=moved, wrong=wrong)


def _answer(request: HttpRequest, project: Project, wrong: list[int], *, said: str, problem: str) -> HttpResponse:
    typed = request.POST
    refused = bool(wrong or problem)
    if not request.htmx and not refused:  # type: ignore[attr-defined]
        if said:
            messages.success(request, said)
        return redirect(f"{reverse('project', args=[project.pk])}{_chosen(project, typed)}#film")
    shown = showing.film(project, typed=typed, wrong=wrong, problem=problem, said=said)
    if not request.htmx:  # type: ignore[attr-defined]
        return page_of(request, project, shown, status=422)
    return _changed(request, project, shown)


def _changed(
    request: HttpRequest, project: Project, film: showing.Film, asked: showing.Waiting | None = None
) -> HttpResponse:
    context = {"film": film, "project": project, "library": showing.library(project), "oob": True, "waiting": asked}
    return render(request, "projects/film_changed.html", context)


def _chosen(project: Project, typed: QueryDict) -> str:
    """What was chosen of the output but not exported yet, so that the page has it again."""
    form = showing.export_form(project, typed)
    if not form.is_bound or not form.has_changed():
        return ""
    return "?" + urlencode({name: str(form[name].value() or "") for name in form.fields})


# The verbs: each does one thing to the film and returns the sentence that is said of it


def _nothing(project: Project, what: str) -> str:
    return ""


def _add(project: Project, what: str) -> str:
    sources = list(project.sources.filter(pk__in=_uuids(what)))
    if not sources:
        raise NotDone(_("This source is not in the project any more."))
    refused = next((source for source in sources if source.state == Source.State.REFUSED), None)
    if refused is not None:
        said = _("%(name)s cannot be used: %(why)s")
        raise NotDone(said % {"name": isolated(refused.name), "why": refused.refusal})
    other = next((source for source in sources if not source.is_footage), None)
    if other is not None:
        raise NotDone(_("%(name)s is no footage, so it cannot be in a film.") % {"name": isolated(other.name)})
    try:
        fits = project.append(sources)
    except Source.DoesNotExist:
        raise NotDone(_("This source is not in the project any more.")) from None
    if not fits:
        raise _full()
    said = ngettext("%(name)s is in the film.", "%(count)d clips are in the film.", len(sources))
    return said % {"name": isolated(sources[0].name), "count": len(sources)}


def _move(by: int) -> Callable[[Project, str], str]:
    def move(project: Project, what: str) -> str:
        moved = project.move(_number(what), by)
        place = next((n for n, pk in enumerate(project.clips.values_list("pk", flat=True), 1) if str(pk) == what), 0)
        return _("Moved to place %(place)d.") % {"place": place} if moved else ""

    return move


def _copy(project: Project, what: str) -> str:
    if not project.duplicate(_number(what)):
        raise _full() if project.clips.count() >= MOST_CLIPS else NotDone(CHANGED)
    return _("The clip is in the film once more, right behind itself.")


def _remove(project: Project, what: str) -> str:
    project.remove(_number(what))
    return _("The clip is out of the film. It is still in the library.")


def _order(project: Project, what: str) -> str:
    if not project.arrange([_number(each) for each in what.split(",")]):
        raise NotDone(CHANGED)
    return _("The order is kept.")


def _discard(project: Project, what: str) -> str:
    source = project.sources.filter(pk__in=_uuids(what)).first()
    if source is None:
        return ""
    if source.state == Source.State.UPLOADING:
        uploads.abort(source, tools())
        return _("The upload of %(name)s is stopped.") % {"name": isolated(source.name)}
    gone = originals.discard(source, tools())
    if not gone.done:
        said = _("%(name)s is needed by an export that has not ended yet. Wait for it, or cancel it; then delete.")
        raise NotDone(said % {"name": isolated(source.name)})
    said = _("%(name)s is deleted.") % {"name": isolated(source.name)}
    return said if gone.cleared else f"{said} " + _("The store does not answer: its file goes within a day.")


def _full() -> NotDone:
    return NotDone(FULL % {"most": MOST_CLIPS})


DO: dict[str, Callable[[Project, str], str]] = {
    "add": _add,
    "up": _move(-1),
    "down": _move(1),
    "copy": _copy,
    "remove": _remove,
    "order": _order,
    "discard": _discard,
}


# Export


def _exported(request: HttpRequest, project: Project, wrong: list[int]) -> Export:
    form = showing.export_form(project, request.POST)
    if wrong:
        raise NotDone(_("Nothing was exported yet: an in or out point needs another value first."))
    if not form.is_bound or not form.is_valid():
        raise NotDone(_("Nothing was exported yet: something in the form needs another value first."))
    try:
        return _requested(request, project, form.options, form.cleaned_data["title"])
    except kinds.Unplannable as refusal:
        raise NotDone(str(refusal)) from refusal


def _requested(request: HttpRequest, project: Project, options: dict[str, Any], title: str) -> Export:
    export, new = Export.request_once(project, kind=MultiClip.key, options=options, title=title)
    if not new:
        messages.info(request, _("Just this film is being exported already. Here it is."))
    return export


def _lead_to(request: HttpRequest, project: Project, export: Export) -> HttpResponse:
    """To its page; but the page that still uploads for it is not taken away from under the upload."""
    if request.htmx and (asked := showing.waiting_of(export)):  # type: ignore[attr-defined]
        return _changed(request, project, showing.film(project), asked)
    address = reverse("export", args=[export.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)  # type: ignore[attr-defined]


def _number(what: str) -> int:
    return int(what) if what.isascii() and what.isdecimal() and len(what) < 19 else 0


def _uuids(what: str) -> list[uuid.UUID]:
    found = []
    for each in what.split(","):
        try:
            found.append(uuid.UUID(each))
        except ValueError:
            continue
    return found
