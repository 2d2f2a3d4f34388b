"""The account's own page: the room it takes, its zone, its sessions, and how to end it."""

from typing import TYPE_CHECKING, cast
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from exports import second_factor
from exports.leaving import Refused, leave, leaves_behind
from exports.limits import Room
from exports.owner_forms import AgainForm, ZoneForm
from exports.tools import tools
from exports.views.second_factor import codes_left

if TYPE_CHECKING:
    from exports.models import User

A_YEAR = 365 * 24 * 60 * 60


@login_required
@never_cache
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@login_required
@never_cache
@require_POST
def choose_zone(request: HttpRequest) -> HttpResponse:
    """Kept by this browser, as the zone that the browser itself is in would be."""
    form = ZoneForm(request.POST)
    if not form.is_valid():
        return _page(request, zone=form)
    chosen = form.cleaned_data["zone"]
    answer = redirect("account")
    if chosen:
        answer.set_cookie("zone", chosen, max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
        answer.set_cookie("zone_chosen", "1", max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
    else:
        answer.delete_cookie("zone_chosen")
    messages.success(request, _("Times are shown in %(zone)s now.") % {"zone": chosen or _("this browser's own zone")})
    return answer


@login_required
@never_cache
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """A session holds what the password was made into: made anew of the same password, it holds no more."""
    user = cast("User", request.user)
    form = AgainForm(request.POST, user=user, prefix="everywhere")
    if user.guest or not form.is_valid():
        return _page(request, everywhere=form)
    user.set_password(form.cleaned_data["password"])
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
    messages.success(request, _("Every other device is signed out."))
    return redirect("account")


@login_required
@never_cache
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    form = AgainForm(request.POST, user=user, prefix="delete")
    if not form.is_valid():
        return _page(request, delete=form)
    try:
        leave(user, tools())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, delete=form)
    logout(request)
    messages.success(request, _("Your account and everything in it is deleted."))
    return redirect("start")


def _page(request: HttpRequest, **wrong: AgainForm | ZoneForm) -> HttpResponse:
    user = cast("User", request.user)
    chosen = request.COOKIES.get("zone", "") if "zone_chosen" in request.COOKIES else ""
    context = {
        "room": Room.of(user),
        "posting": settings.POSTING,
        "behind": leaves_behind(user),
        "zone": ZoneForm(initial={"zone": chosen if chosen in available_timezones() else ""}),
        "zone_now": timezone.get_current_timezone_name(),
        "everywhere": AgainForm(user=user, prefix="everywhere"),
        "delete": AgainForm(user=user, prefix="delete"),
        "codes_left": codes_left(second_factor.codes_left(user)) if user.second_factor_since else "",
    }
    return render(request, "accounts/account.html", context | wrong, status=422 if wrong else 200)
