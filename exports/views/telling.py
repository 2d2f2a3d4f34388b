"""What is typed into the small form on an export's page: who is told of this one."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from exports.contact_forms import TellForm
from exports.limits import Refused
from exports.models import Contact, Export, Hours, User
from exports.models.contact import Channel
from exports.outbox import mail, proving
from exports.views import tell_form
from exports.views.exports import page_of
from exports.views.signing_in import signing_in
from progress import access


@require_POST
@never_cache
@signing_in
def tell(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    export = Export.objects.select_related("job__owner", "project").filter(pk=job_id).first()
    if export is None or not access.is_owner(request, export.job):
        raise Http404
    known = tell_form.known(export)
    Hours.begin(export.job.owner_id, timezone.get_current_timezone_name())
    form = TellForm(request.POST, known, mail=mail.configured())
    said = _kept(export, form, [contact for contact, _ in known]) if form.is_valid() else ""
    if request.htmx:  # type: ignore[attr-defined]
        told = tell_form.context(export, form=None if said else form, said=said)
        return render(request, "exports/telling.html", told)
    if said:
        messages.success(request, said)
        return redirect("export", job_id=job_id)
    if not export.job.settled:
        return page_of(request, export, form=form)
    messages.warning(request, " ".join(str(sentence) for errors in form.errors.values() for sentence in errors))
    return redirect("export", job_id=job_id)


def _kept(export: Export, form: TellForm, contacts: list[Contact]) -> str:
    """What was done, in a sentence; empty, with the error said, where an address is refused."""
    typed, now = form.cleaned_data, timezone.now()
    new = None
    if typed.get("address"):
        try:
            new = proving.add(User.objects.get(jobs=export.pk), Channel.MAIL, typed["address"], now)
        except Refused as refusal:
            form.add_error("address", refusal.sentence)
            return ""
    for contact in contacts:
        chosen = str(contact.pk) in typed.get("contacts", ()) or contact == new
        export.tell(contact, typed["events"] if chosen else ())
    if new is not None and not new.verified:
        export.tell(new, typed["events"])
        return _("A mail is on its way: open the link in it, and you are told there. Until then, nothing else is sent.")
    named = new is not None or bool(typed.get("contacts"))
    told = named and typed["events"]
    return _("Kept. You are told as chosen here.") if told else _("Kept. Nobody is told of this export.")
