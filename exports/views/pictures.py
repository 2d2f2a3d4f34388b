"""A small picture out of the store, to whoever was found to be allowed to see it."""

from django.http import Http404, HttpResponse

from exports.tools import tools
from exports.views.elsewhere import redirect_to
from exports.views.handed import handed
from modal_functions.store import StoreError

AN_HOUR = 60 * 60
A_DAY = 24 * AN_HOUR


def shown(key: str | None) -> HttpResponse:
    """What it shows never changes: its key is made of it. A bucket sends it itself."""
    if not key:
        raise Http404
    link = tools().store.link(key, seconds=AN_HOUR, disposition="inline", content_type="image/jpeg")
    if link is not None:
        return redirect_to(link, kept_for=AN_HOUR // 2)
    try:
        picture = tools().store.get(key)
    except StoreError:
        picture = None
    if picture is None:
        raise Http404
    answer = HttpResponse(picture, content_type="image/jpeg")
    answer["Cache-Control"] = f"private, max-age={A_DAY}"
    answer["Vary"] = "Cookie"
    return handed(answer)
