"""A person's own tokens for the API: made, shown once, taken back."""

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from exports.forms import TokenForm
from exports.models import Token
from progress.isolating import isolated

if TYPE_CHECKING:
    from exports.models import User

MOST = 50


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST if request.method == "POST" else None)
    mine = Token.objects.filter(owner=request.user.pk, revoked_at__isnull=True)
    shown = ""
    if form.is_valid():
        if mine.count() < MOST:
            _made, shown = Token.make(cast("User", request.user), **form.cleaned_data)
            form = TokenForm()
        else:
            said = _("You have %(count)d tokens, which is the most. Take one back that is not needed.")
            form.add_error(None, said % {"count": MOST})
    context = {"form": form, "tokens": list(mine), "shown": shown}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(Token, pk=token_id, owner=request.user.pk)
    if token.revoke(timezone.now()):
        said = _("“%(name)s” is taken back. Nothing gets in with it any more.")
        messages.success(request, said % {"name": isolated(token.name)})
    return redirect("tokens")
