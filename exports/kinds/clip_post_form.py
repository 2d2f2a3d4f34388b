"""The form of a post: which finished clip, to which of the accounts that are connected, and how."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import connecting
from exports.kinds.asking import KindForm, SourceField
from modal_functions.publishing.tiktok import PRIVACY

if TYPE_CHECKING:
    from exports.models import Connection, Project, Result

KEY = "clip_post"
MADE_OF = frozenset({"clip_it"})  # kinds whose results are clips
PLATFORMS = {"tiktok": "TikTok", "instagram": "Instagram"}
ALLOWED = {"comment": gettext_lazy("Comments"), "duet": gettext_lazy("Duets"), "stitch": gettext_lazy("Stitches")}
PROMOTES = {
    "none": gettext_lazy("Nothing"),
    "own": gettext_lazy("My own business"),
    "paid": gettext_lazy("Somebody else's: a paid partnership"),
}
USUAL: Mapping[str, Any] = {
    "clip": "",
    "platforms": (),
    "caption": "",
    "privacy": "",
    "allow": (),
    "promotes": "none",
    "rights": False,
    "looked": False,
}
SEEN_BY = (gettext_lazy("Everyone"), gettext_lazy("Friends"), gettext_lazy("Followers"), gettext_lazy("Only you"))
LONGEST_CAPTION = 2200  # of both platforms, as UTF-16 counts
ENDS = ".mp4"


class ClipField(SourceField):
    """One of the finished clips of the project."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Clip"),
            error_messages={"required": gettext_lazy("Expected a clip, got nothing. Make one first.")},
        )

    def offer(self, project: "Project") -> None:
        said = _("%(name)s of %(title)s")
        self.choices = [
            (named_by(result), said % {"name": result.name, "title": result.export.job.title})
            for result in clips_of(project)
        ]


class CaptionField(forms.CharField):
    """A line's end counts once, whatever the browser sends for it."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class ClipPostForm(KindForm):
    clip = ClipField()
    platforms = forms.MultipleChoiceField(
        label=gettext_lazy("Post it to"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Expected TikTok, Instagram or both, got neither.")},
    )
    caption = CaptionField(
        label=gettext_lazy("Caption"),
        max_length=LONGEST_CAPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    privacy = forms.ChoiceField(label=gettext_lazy("On TikTok it is seen by"), required=False)
    allow = forms.MultipleChoiceField(
        label=gettext_lazy("On TikTok people may add"),
        choices=list(ALLOWED.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    promotes = forms.ChoiceField(label=gettext_lazy("On TikTok it advertises"), choices=list(PROMOTES.items()))
    rights = forms.BooleanField(
        label=gettext_lazy("I have the right to post this clip and its sound"),
        required=False,
        help_text=gettext_lazy("Posting to TikTok, you agree to its Music Usage Confirmation."),
    )
    looked = forms.BooleanField(
        label=gettext_lazy("I have looked: it is not there"),
        required=False,
        help_text=gettext_lazy("Only after a post of which nobody knows whether it was taken."),
    )

    def __init__(self, *typed: Any, **kwargs: Any) -> None:
        super().__init__(*typed, **kwargs)
        self.initial = {**USUAL, **self.initial}
        self.connections = connections_of(self.project)
        connected = [(key, label) for key, label in PLATFORMS.items() if key in self.connections]
        self.fields["platforms"].choices = connected  # type: ignore[attr-defined]
        if not connected:
            self.fields["platforms"].error_messages["required"] = _("Connect an account first; the link is above.")
        if not did_not_end_well(self.project):
            self.fields["looked"].widget = forms.HiddenInput()
        self._offer_privacy()

    def begin_with(self, named: Mapping[str, str]) -> None:
        """Who may see a post is asked of TikTok each time, since people change it there."""
        clip = next((each for each in clips_of(self.project) if named_by(each) == named.get("clip")), None)
        if clip is not None:
            self.initial.update(clip=named_by(clip), title=clip.name, platforms=self._left_of(clip))
        if tiktok := self.connections.get("tiktok"):
            connecting.look_again(tiktok)
            self._offer_privacy()

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Who may see it, and the right to it, are chosen anew for each post."""
        kept = {name: spec[name] for name in ("platforms", "caption", "allow")}
        return {**kept, "clip": f"{spec['clip']['export']}:{spec['clip']['place']}", "promotes": spec["promotes"]}

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if "tiktok" in chosen.get("platforms", ()) and not chosen.get("privacy"):
            self.add_error("privacy", _("Expected who may see it on TikTok, got nothing."))
        if not chosen.get("rights"):
            self.add_error("rights", _("Confirm that you have the right to post it."))
        return chosen

    def _left_of(self, clip: "Result") -> list[str]:
        """Of the platforms that were chosen last, those that it is not on already; else those that are left."""
        from exports import posted  # noqa: PLC0415 - it knows the models

        closed = posted.closed_to(clip)
        last = [each for each in self.initial["platforms"] if each not in closed]
        return last or [each for each in self.connections if closed and each not in closed]

    def _offer_privacy(self) -> None:
        told = self.connections["tiktok"].facts.get("privacy") if "tiktok" in self.connections else None
        offered = [(key, label) for key, label in zip(PRIVACY, SEEN_BY, strict=True) if not told or key in told]
        self.fields["privacy"].choices = [("", _("Choose")), *offered]  # type: ignore[attr-defined]


def clips_of(project: "Project") -> "Iterable[Result]":
    from exports.models import Result  # noqa: PLC0415 - the models know the kinds
    from progress.models import Status  # noqa: PLC0415

    found = Result.objects.filter(export__project=project, export__kind__in=MADE_OF)
    found = found.filter(export__job__status=Status.COMPLETE, name__endswith=ENDS)
    return found.select_related("export__job").order_by("-export__job__created_at", "place")


def named_by(result: "Result") -> str:
    return f"{result.export_id}:{result.place}"


def connections_of(project: "Project") -> "dict[str, Connection]":
    from exports.models import Connection  # noqa: PLC0415 - the models know the kinds

    return {each.platform: each for each in Connection.objects.filter(owner_id=project.owner_id)}


def did_not_end_well(project: "Project") -> bool:
    """Some post of it: whether it was taken may be known to nobody."""
    from progress.models import Status  # noqa: PLC0415 - the models know the kinds

    posts = project.exports.filter(kind=KEY)
    return posts.filter(job__status__in=(Status.FAILED, Status.CANCELLED)).exists()
