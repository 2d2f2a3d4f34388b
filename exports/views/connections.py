"""The accounts of a person that clips may be posted to: connected by a token or by the platform's own page, removed."""

import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.validators import RegexValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from exports import authorising, connecting
from exports.connecting import Grant, Refused, Several
from exports.expecting import ExpectingForm
from exports.held import Held, TooLarge, forget
from exports.models import Connection, Posting
from exports.models.connection import Platform
from progress.isolating import isolated

if TYPE_CHECKING:
    from exports.models import User

STATE = "posting-state"  # of the session: good for one answer


IN_A_HEADER = re.compile(r"\A[!-~]+\Z")  # as it is sent to the platform


class TokenForm(ExpectingForm):
    """A token that somebody has from the platform. It is never shown again."""

    token = forms.CharField(
        label=gettext_lazy("Token"),
        max_length=1000,
        validators=[
            RegexValidator(IN_A_HEADER, "This is no token: a token has plain letters, digits and signs, and no spaces.")
        ],
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    account = forms.CharField(label=gettext_lazy("Name of the account, where the token reaches several"), max_length=60)

    def __init__(self, typed: Mapping[str, Any] | None, *, platform: str) -> None:
        super().__init__(typed, prefix=platform)
        if platform == Platform.TIKTOK:
            del self.fields["account"]
        else:
            self.fields["account"].required = False


class WhichForm(ExpectingForm):
    """Which of the accounts that a token reaches is meant."""

    account = forms.ChoiceField(label=gettext_lazy("Account"), widget=forms.Select(attrs={"autofocus": True}))

    def __init__(self, typed: Mapping[str, Any] | None, *, held: Held) -> None:
        super().__init__(typed)
        self.platform, self.asks = held.platform, str(Several(held.names))
        self.fields["account"].choices = [(name, name) for name in held.names]  # type: ignore[attr-defined]


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def connections(request: HttpRequest) -> HttpResponse:
    owner = _owner(request)
    platform = request.POST.get("platform", "")
    if request.method == "GET" or owner.guest:
        return _page(request, owner)
    if platform not in Platform.values:
        raise Http404
    if "account" in request.POST:
        return _chosen(request, owner, platform)
    form = TokenForm(request.POST, platform=platform)
    if form.is_valid():
        grant = Grant(token=form.cleaned_data["token"].strip())
        try:
            return _connected(request, owner, platform, grant, form.cleaned_data.get("account", ""))
        except Refused as refusal:
            form.add_error("token", str(refusal))
    return _page(request, owner, form)


@login_required
@require_POST
def remove(request: HttpRequest, platform: str) -> HttpResponse:
    owner = _owner(request)
    gone, _per_model = Connection.objects.filter(owner=owner, platform=platform).delete()
    if gone:
        said = _("%(platform)s is removed, and its token deleted. Nothing more is posted there.")
        if Posting.under_way(owner, platform).exists():  # it was lent the token
            said = _(
                "%(platform)s is removed, and its token deleted. A post that is under way may still be made:"
                " to prevent it, stop it on its page."
            )
        messages.success(request, said % {"platform": Platform(platform).label})
    answer = redirect("connections")
    forget(answer)
    return answer


@login_required
@never_cache
@require_GET
def go(request: HttpRequest, platform: str) -> HttpResponse:
    """To the platform's own page. A link and no form, since a page's policy lets its forms go nowhere else."""
    owner = _owner(request)
    if platform not in Platform.values or owner.guest or not authorising.has_app(platform):
        raise Http404
    state = request.session[STATE] = secrets.token_urlsafe(32)
    return redirect(authorising.way(platform, f"{platform}.{state}", _back(request, platform)))


@login_required
@never_cache
@require_GET
def come_back(request: HttpRequest, platform: str) -> HttpResponse:
    """The platform sends the person back. Without the state that this browser took along, it is not theirs."""
    owner, state = _owner(request), request.session.pop(STATE, "")
    if platform not in Platform.values or owner.guest or not authorising.has_app(platform):
        raise Http404
    given = f"{platform}.{state}"
    if not state or not constant_time_compare(request.GET.get("state", ""), given):
        messages.error(request, _("That answer belongs to no question of this browser. Begin again."))
    elif code := request.GET.get("code", "")[:2000]:
        try:
            grant = authorising.exchanged(platform, code, given, _back(request, platform), timezone.now())
            return _connected(request, owner, platform, grant, "")
        except Refused as refusal:
            messages.error(request, str(refusal))
    else:
        said = _("%(platform)s was not connected: it was not allowed there.")
        messages.info(request, said % {"platform": Platform(platform).label})
    return redirect("connections")


def _owner(request: HttpRequest) -> "User":
    if not settings.POSTING:
        raise Http404
    return cast("User", request.user)


def _chosen(request: HttpRequest, owner: "User", platform: str) -> HttpResponse:
    held = Held.by(request, owner, timezone.now())
    if held is None or held.platform != platform:
        messages.error(request, _("That question was open for too long. Connect the account again."))
        return redirect("connections")
    form = WhichForm(request.POST, held=held)
    if form.is_valid():
        try:
            return _connected(request, owner, platform, held.grant, form.cleaned_data["account"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, owner, which=form)


def _connected(request: HttpRequest, owner: "User", platform: str, grant: Grant, name: str) -> HttpResponse:
    """Or the question which account is meant, without anything to be typed or allowed again."""
    answer = redirect("connections")
    try:
        made = connecting.connect(owner, platform, grant, name=name)
    except Several as several:
        try:
            Held(platform=platform, grant=grant, names=several.names).give(answer, owner, timezone.now())
        except TooLarge:
            raise several from None
        return answer
    said = _("%(platform)s is connected as %(name)s.")
    messages.success(request, said % {"platform": made.get_platform_display(), "name": isolated(made.name)})
    forget(answer)
    return answer


def _back(request: HttpRequest, platform: str) -> str:
    path = reverse("connection-back", args=[platform])
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def _page(
    request: HttpRequest, owner: "User", form: TokenForm | None = None, which: WhichForm | None = None
) -> HttpResponse:
    held = None if owner.guest or which else Held.by(request, owner, timezone.now())
    asked = WhichForm(None, held=held) if held else which
    mine = {each.platform: each for each in Connection.objects.filter(owner=owner)}
    rows = [
        {
            "platform": key,
            "label": label,
            "connection": mine.get(key),
            "form": form if form is not None and form.prefix == key else TokenForm(None, platform=key),
            "which": asked if asked is not None and asked.platform == key else None,
            "app": authorising.has_app(key),
        }
        for key, label in Platform.choices
    ]
    wrong = form is not None or (which is not None and which.is_bound)
    return render(request, "accounts/connections.html", {"rows": rows}, status=422 if wrong else 200)
