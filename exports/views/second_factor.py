"""The second question at the door, and the page on which staff sets up what is asked."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from exports import second_factor
from exports.models import User
from exports.owner_forms import AgainForm
from exports.views.entering import enter
from exports.views.projects import home
from progress import wording

WRONG = gettext_lazy("That is not the code, or it was used already. Wait for the next one.")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        error_messages={"required": gettext_lazy("Expected a code, such as 123456, got nothing.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def at_the_door(request: HttpRequest) -> HttpResponse:
    """Whose password was right shows the second thing; who owes one and has none sets it up here."""
    awaited = second_factor.awaited(request)
    if awaited is None:
        second_factor.forget(request)
        return redirect("sign-in")
    form = CodeForm(request.POST if request.method == "POST" else None, label_suffix="")
    if awaited.user.owes_second_factor:
        return _set_up_at_the_door(request, awaited, form)
    if form.is_valid() and _is_right(form, awaited.user):
        second_factor.forget(request)
        if second_factor.is_kept(form.cleaned_data["code"]):
            _say_how_many_are_left(request, awaited.user)
        return enter(request, awaited.user, lambda: redirect(awaited.then or home(request)))
    context = {"form": form, "title": _("One more thing"), "action": _("Sign in")}
    context["intro"] = _("The code that your app shows now, or one of those you kept for a lost telephone.")
    return _asked(request, "accounts/form.html", context, form)


def _say_how_many_are_left(request: HttpRequest, user: User) -> None:
    left = second_factor.codes_left(user)
    if left > second_factor.FEW:
        messages.info(request, codes_left(left))
    else:
        link = format_html('<a href="{}">{}</a>', reverse("own-codes"), _("Make new ones"))
        messages.warning(request, format_html("{} {}", codes_left(left), link))


def codes_left(left: int) -> str:
    if not left:
        return _("No code for a lost telephone is left.")
    said = ngettext(
        "%(left)d code for a lost telephone is left.", "%(left)d codes for a lost telephone are left.", left
    )
    return said % {"left": left}


def _set_up_at_the_door(request: HttpRequest, awaited: second_factor.Awaited, form: CodeForm) -> HttpResponse:
    codes = _confirmed(form, awaited.user)
    if codes is None:
        return _asked(request, "accounts/second_factor.html", _to_set_up(awaited.user, form, owed=True), form)
    second_factor.forget(request)
    return enter(request, awaited.user, lambda: _kept(request, codes, awaited.then or resolve_url(home(request))))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Of staff alone; whoever was staff when they set it up can still take it away."""
    user = cast("User", request.user)
    if user.second_factor_since is not None:
        return _removed(request, user)
    if not user.is_staff:
        raise Http404
    form = CodeForm(request.POST if request.method == "POST" else None, label_suffix="")
    codes = _confirmed(form, user)
    if codes is None:
        return _asked(request, "accounts/second_factor.html", _to_set_up(user, form), form)
    update_session_auth_hash(request, user)
    return _kept(request, codes, reverse("account"))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def own_codes(request: HttpRequest) -> HttpResponse:
    """Others for a lost telephone, for whoever has used them up or lost them, too."""
    user = cast("User", request.user)
    if user.second_factor_since is None:
        raise Http404
    form = AgainForm(request.POST if request.method == "POST" else None, user=user, prefix="codes")
    if form.is_valid() and (codes := second_factor.renew_codes(user)):
        return _kept(request, codes, reverse("account"), anew=True)
    context = {"user": user, "form": form, "title": _("New codes to keep"), "action": _("Make new codes")}
    context["intro"] = f"{codes_left(second_factor.codes_left(user))} " + _("New ones take their place.")
    context |= {"other": _("Back to your account"), "other_url": reverse("account")}
    return _asked(request, "accounts/form.html", context, form)


def _kept(request: HttpRequest, codes: list[str], then: str, *, anew: bool = False) -> HttpResponse:
    return render(request, "accounts/second_factor_codes.html", {"codes": codes, "then": then, "anew": anew})


def _removed(request: HttpRequest, user: User) -> HttpResponse:
    form = AgainForm(request.POST if request.method == "POST" else None, user=user, prefix="remove")
    if form.is_valid():
        second_factor.remove(user)
        user.refresh_from_db()
        if user.owes_second_factor:
            logout(request)
            second_factor.wait_for(request, user, then=reverse("account"))
            return redirect("second-factor")
        update_session_auth_hash(request, user)
        messages.success(request, _("The second factor is taken away. Every other device is signed out."))
        return redirect("account")
    context = {"user": user, "form": form, "title": _("Your second factor"), "action": _("Take it away")}
    context["intro"] = _("It is asked for at each sign-in. To set it up on another telephone, take it away first.")
    context |= {"other": _("Back to your account"), "other_url": reverse("account")}
    return _asked(request, "accounts/form.html", context, form)


def _to_set_up(user: User, form: CodeForm, *, owed: bool = False) -> dict[str, Any]:
    device = second_factor.offered(user)
    return {"form": form, "owed": owed, "drawn": second_factor.drawn(device), "typed": second_factor.typed(device)}


def _confirmed(form: CodeForm, user: User) -> list[str] | None:
    if not form.is_valid() or not _may_try(form, user):
        return None
    codes = second_factor.confirm(user, form.cleaned_data["code"])
    if codes is None:
        form.add_error("code", WRONG)
    return codes


def _is_right(form: CodeForm, user: User) -> bool:
    if not _may_try(form, user):
        return False
    right = second_factor.is_right(user, form.cleaned_data["code"])
    if not right:
        form.add_error("code", WRONG)
    return right


def _may_try(form: CodeForm, user: User) -> bool:
    form.wait = second_factor.wait_of(user)  # type: ignore[attr-defined]
    if form.wait:  # type: ignore[attr-defined]
        said = _("There were too many wrong codes. Come back in %(time)s.")
        form.add_error("code", said % {"time": wording.took(form.wait)})  # type: ignore[attr-defined]
        return False
    return True


def _asked(request: HttpRequest, template: str, context: dict[str, Any], form: forms.Form) -> HttpResponse:
    wait = getattr(form, "wait", 0)
    answer = render(request, template, context, status=429 if wait else 422 if form.errors else 200)
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer
