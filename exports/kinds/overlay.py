"""overlay: titles, lower thirds, highlight boxes and a logo, laid over a film for the times that are given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exports import timecode
from exports.kinds.asking import FILM
from exports.kinds.base import Unplannable
from exports.kinds.footage import FootageKind, clips_in, length_in, stages
from exports.kinds.multi_clip import Choice
from exports.kinds.overlay_form import OverlayForm
from modal_functions.media.items import items_from
from modal_functions.media.letters import missing_letters
from modal_functions.media.spec import Unusable
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project


class Overlay(FootageKind):
    key = "overlay"
    label = gettext_noop("Titles and graphics")
    noun = gettext_noop("Film with Graphics")
    told = gettext_noop("Titles, lower thirds, highlight boxes and your logo, laid over the film or over one clip.")
    order = 20
    form = OverlayForm
    template = "kinds/overlay.html"
    pipeline = register(
        Pipeline(
            name="overlay",
            version=1,
            title=gettext_noop("Laying graphics over your film..."),
            pausable=True,
            keeps_parts=True,
            stages=stages(
                Stage(
                    key="process",
                    label=gettext_noop("Rendering"),
                    start=18,
                    end=90,
                    unit=gettext_noop("frames"),
                    seconds=120,
                )
            ),
        )
    )

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        items = options.get("items") or []
        if not items:
            said = _("There is nothing to lay over yet. Add a title, a box or a logo, then export.")
            raise Unplannable(said, option="items")
        chosen = {name: str(options[name]) for name in ("size", "rate", "quality") if name in options}
        clips = clips_in(project, str(options.get("footage", FILM)))
        _check(items, ends=length_in(project, clips))
        return {"clips": clips, "output": Choice(**chosen).output(), "items": list(items)}

    def may_begin_afresh(self, spec: Mapping[str, Any]) -> bool:
        return not any(item["what"] == "logo" for item in spec["items"])

    def spec(self, export: "Export") -> dict[str, Any]:
        return {**super().spec(export), "items": [dict(item) for item in export.spec["items"]]}


def _check(items: Any, *, ends: int | None) -> None:
    """What begins when the film has ended would never be seen, and nobody would say so."""
    try:
        read = items_from(items)
    except Unusable as error:
        raise Unplannable(_("Items: %(error)s.") % {"error": error}, option="items") from error
    for number, item in enumerate(read, 1):
        if missing := missing_letters(item.text + item.second):
            said = _("The font cannot draw “%(missing)s”. Write “%(text)s” without.")
            raise Unplannable(said % {"missing": missing[:20], "text": item.text[:40]}, option="items")
        if ends is not None and item.from_us >= ends:
            said = _("Item %(number)d begins at %(start)s, and the film has ended at %(end)s. Choose an earlier time.")
            told = {"number": number, "start": timecode.show(item.from_us), "end": timecode.roughly(ends)}
            raise Unplannable(said % told, option="items")


KIND = Overlay()
