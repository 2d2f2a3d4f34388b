"""A page of an export that is still open when its session is over: what is pressed there leads to the sign-in."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from progress import access

View = Callable[..., HttpResponse]


def signing_in(view: View) -> View:
    """And from there back to the page, where it can be pressed again."""

    @wraps(view)
    def led(request: HttpRequest, job_id: uuid.UUID, **more: Any) -> HttpResponse:
        if access.is_anonymous(request) and not access.is_shown(request, job_id):
            return redirect_to_login(reverse("export", args=[job_id]))
        return view(request, job_id, **more)

    return led
