"""What the links in messages lead to. Who has one need not sign in; nothing happens by opening one alone."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from exports import links
from exports.models import Contact, Delivery, Silenced
from exports.models.contact import Channel, hashed
from exports.outbox import proving
from progress import access

STOP_WORDS = frozenset({"stop", "stopall", "stopp", "unsubscribe", "cancel", "end", "quit"})
START_WORDS = frozenset({"start", "unstop"})
SENDERS = ("From", "from", "msisdn", "sender")
TEXTS = ("Body", "text", "body", "message")


@require_GET
@never_cache
def shown(request: HttpRequest, key: str) -> HttpResponse:
    """The page of an export, for this browser, as long as the link is good; after that, for who may see it anyway."""
    delivery = Delivery.objects.filter(key=key, export__isnull=False).select_related("export").first()
    if delivery is None or delivery.facts.get("private"):
        raise Http404
    if delivery.key_until and timezone.now() < delivery.key_until:
        access.show(request, delivery.export_id, until=delivery.key_until)
    elif access.is_anonymous(request):
        return redirect_to_login(reverse("export", args=[delivery.export_id]))
    return redirect("export", job_id=delivery.export_id)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """By a button: mail servers open links to look at them."""
    known = links.confirmed(token)
    contact = Contact.objects.filter(pk=known[0], address_hash=known[1]).first() if known else None
    if contact is None:
        return render(request, "account/link_gone.html", status=404)
    if request.method == "POST":
        proving.proved(contact, timezone.now())
        contact.refresh_from_db()
    return render(request, "account/confirm.html", {"contact": contact})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """By a button, or by the mail program's own (RFC 8058), which posts without asking anything first."""
    known = links.stopped(token)
    if known is None:
        return render(request, "account/link_gone.html", status=404)
    if request.method == "POST" and "back" in request.POST:
        Silenced.allow(*known)
    elif request.method == "POST":
        Silenced.silence(*known, timezone.now())
    return render(request, "account/stop.html", {"stopped": Silenced.includes(*known)})


@csrf_exempt
@require_POST
def replied(request: HttpRequest, secret: str) -> HttpResponse:
    """What the gateway received from a phone: STOP is obeyed, START takes it back, the rest is not kept."""
    if not settings.NOTIFY_REPLIES or not constant_time_compare(secret, settings.NOTIFY_REPLIES):
        raise Http404
    number = next((request.POST[name] for name in SENDERS if request.POST.get(name)), "")
    word = next((request.POST[name] for name in TEXTS if request.POST.get(name)), "").strip(" \t\r\n.,!?\"'“”").lower()
    digits = "+" + "".join(each for each in number if each.isascii() and each.isdigit()).removeprefix("00")
    if word in STOP_WORDS:
        Silenced.silence(Channel.SMS, hashed(Channel.SMS, digits), timezone.now())
    elif word in START_WORDS:
        Silenced.allow(Channel.SMS, hashed(Channel.SMS, digits))
    return HttpResponse(status=204)
