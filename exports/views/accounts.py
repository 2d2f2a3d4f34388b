"""Coming in, as a guest or with an account, and leaving."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from exports import guessing, newcomers, resuming, second_factor
from exports.forms import SignUpForm
from exports.models import User
from exports.views.entering import BACKEND, enter, guest_of
from exports.views.projects import home


@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """A guest who comes back is asked about what they left; whoever else is signed in goes straight to their work."""
    context: dict[str, Any] = {"guests_welcome": settings.GUESTS_WELCOME}
    if request.user.is_authenticated:
        left = resuming.left_by(request.user.pk) if guest_of(request) else None
        if left is None:
            return redirect(home(request))
        context["earlier"] = resuming.Earlier(job=left, now=timezone.now())
    return render(request, "start.html", context)


@never_cache
@require_GET
def resume(request: HttpRequest) -> HttpResponse:
    """What became of the job whose id this browser has kept. The id opens nothing; whose session it is, does."""
    own = resuming.named(request.GET.get("job", ""), request.user.pk) if request.user.is_authenticated else None
    return render(request, "accounts/resume.html", {"earlier": resuming.Earlier(job=own, now=timezone.now())})


@require_POST
def start_as_guest(request: HttpRequest) -> HttpResponse:
    if not settings.GUESTS_WELCOME:
        messages.warning(request, _("Guests are not welcome on this server. Sign up, it takes a name and a password."))
        return redirect("sign-up")
    if not request.user.is_authenticated:
        if said := newcomers.refused("guests"):
            messages.warning(request, said)
            return redirect("start")
        login(request, User.objects.create_guest(), backend=BACKEND)
    return redirect(home(request))


@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    guest = guest_of(request)
    if request.user.is_authenticated and guest is None:
        return redirect(home(request))
    form = SignUpForm(request.POST if request.method == "POST" else None, guest=guest)
    if form.is_valid() and (said := newcomers.refused("accounts")):
        form.add_error(None, said)
    if form.is_valid() and (account := form.saved()):
        login(request, account, backend=BACKEND)
        messages.success(request, _("Welcome. Your work so far is kept.") if guest else _("Welcome."))
        return redirect(home(request))
    # The form has written the wanted name on the guest it was given; the page greets the guest there still is.
    request.user = User.objects.get(pk=guest.pk) if guest else request.user
    context = {
        "form": form,
        "title": gettext_lazy("Sign up"),
        "intro": gettext_lazy("Everything you made as a guest stays with you.") if guest else "",
        "action": gettext_lazy("Sign up"),
        "other": gettext_lazy("I have an account"),
        "other_url": reverse_lazy("sign-in"),
    }
    return render(request, "accounts/form.html", context, status=422 if form.errors else 200)


class Door(LoginView):
    """Whose password is right comes in, or is asked for the second thing first."""

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        account = form.get_user()
        if second_factor.is_asked_of(account):
            second_factor.wait_for(self.request, account, then=self.wanted())
            return redirect("second-factor")
        return enter(self.request, account, lambda: redirect(self.get_success_url()))

    def get_redirect_url(self, *args: Any) -> str:
        """A place of this site, or nothing: of the rest some would be taken for the name of a view."""
        wanted: str = super().get_redirect_url(*args)
        return wanted if wanted.startswith("/") else ""

    def wanted(self) -> str:
        """Where they asked to be led; empty for where everybody is."""
        return self.get_redirect_url()

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = self.render_to_response(self.get_context_data(form=form), status=422)
        if isinstance(form, guessing.Guarded) and form.wait:
            response.status_code, response.headers["Retry-After"] = 429, str(form.wait)
        return response


class SignIn(Door):
    form_class = guessing.Guarded
    template_name = "accounts/form.html"
    extra_context = {
        "title": gettext_lazy("Sign in"),
        "action": gettext_lazy("Sign in"),
        "other": gettext_lazy("Sign up instead"),
        "other_url": reverse_lazy("sign-up"),
    }

    def get_default_redirect_url(self) -> str:
        return resolve_url(home(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whom a page has led here may have been signed in until now."""
        led = bool(self.wanted()) and not self.request.user.is_authenticated
        said = _("Sign in, and you are led to where you wanted to be. What was under way keeps running.") if led else ""
        return {**super().get_context_data(**kwargs), "intro": said}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and guest_of(request) is None and request.method == "GET":
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)


class AtTheAdmin(Door):
    form_class = guessing.GuardedOfStaff
    template_name = "admin/login.html"

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def wanted(self) -> str:
        return self.get_success_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        around = {**admin.site.each_context(self.request), "title": "Log in", "subtitle": None}
        around |= {"app_path": self.request.get_full_path(), "username": self.request.user.get_username()}
        return {**super().get_context_data(**kwargs), **around, "next": self.get_success_url()}


def sign_in_as_staff(request: HttpRequest) -> HttpResponseBase:
    """The admin's own page knows no guests, and what they made would be left behind."""
    if guest_of(request) is not None:
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': wanted})}")
    if request.method == "GET" and admin.site.has_permission(request):
        return redirect("admin:index")
    return AtTheAdmin.as_view()(request)


class SignOut(LogoutView):
    """A page asks first: a guest who leaves can't come back."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, "accounts/leave.html") if request.user.is_authenticated else redirect("start")


class ChangePassword(PasswordChangeView):
    form_class = guessing.ChangeForm
    template_name = "accounts/form.html"
    success_url = reverse_lazy("dashboard")
    extra_context = {
        "title": gettext_lazy("Change password"),
        "intro": gettext_lazy("You stay signed in here; every other device is signed out."),
        "action": gettext_lazy("Change password"),
        "other": gettext_lazy("Back to the exports"),
        "other_url": reverse_lazy("dashboard"),
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return redirect("sign-up") if guest_of(request) else super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed."))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)
