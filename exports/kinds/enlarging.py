"""By which way pictures are made larger: always Lanczos, and Real-ESRGAN where somebody has put its weights.

Their checksum is fixed with what is asked for. The work finds them among the parts of the project, put there when an
attempt begins: so its machines need neither a path nor a deployment of their own for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports.kinds.base import Unplannable
from modal_functions.enlarging import weights
from modal_functions.wire import kept_as

LANCZOS, NETWORK = "lanczos", "real-esrgan"
LABELS = {LANCZOS: "Lanczos", NETWORK: "Real-ESRGAN upscale"}


def lacks() -> str:
    """What Real-ESRGAN lacks here, as in “it needs …”; nothing where it can be asked for. For operators: people read
    that it is not available."""
    return weights.missing(settings.UPSCALE_WEIGHTS, here=settings.RUNNER != "modal")


def labels() -> dict[str, str]:
    offered = f"({Path(settings.UPSCALE_WEIGHTS).stem})"
    said = _("%(way)s, not available here") % {"way": LABELS[NETWORK]} if lacks() else f"{LABELS[NETWORK]} {offered}"
    return LABELS | {NETWORK: said}


class SelectWithMissing(forms.Select):
    """Shows what there could be, but is not: it cannot be chosen."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value == NETWORK and lacks():
            option["attrs"]["disabled"] = True
        return option


class EnlargingField(forms.ChoiceField):
    """By which way pictures are made larger, by its name."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Enlarging"), choices=lambda: labels().items(), widget=SelectWithMissing, required=False
        )

    def clean(self, value: Any) -> Any:
        asked = super().clean(value) or LANCZOS
        if asked == NETWORK and lacks():
            said = _("%(asked)s. Choose %(other)s.")
            raise forms.ValidationError(said % {"asked": labels()[NETWORK], "other": LABELS[LANCZOS]})
        return asked


def planned(asked: str) -> dict[str, Any]:
    """What a plan says of it."""
    if asked == LANCZOS:
        return {}
    without = lacks()
    if asked != NETWORK or without:
        said = _("Enlarging: expected %(one)s, got %(value)s.")
        if not without:
            said = _("Enlarging: expected %(one)s or %(other)s, got %(value)s.")
        told = {"one": LANCZOS, "other": NETWORK, "value": repr(asked[:40])}
        raise Unplannable(said % told, option="enlarging")
    path = settings.UPSCALE_WEIGHTS
    return {"weights": {"name": Path(path).name, "sha256": weights.checksum(path)}}


def as_it_was(spec: Mapping[str, Any]) -> str:
    return NETWORK if "weights" in spec else LANCZOS


def told(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the work is told."""
    return {"weights": spec["weights"]["sha256"]} if "weights" in spec else {}


def described(spec: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """As Kind.described."""
    return ((_("Enlarged by"), f"Real-ESRGAN, {spec['weights']['name']}"),) if "weights" in spec else ()


def brings(spec: Mapping[str, Any], kept: str) -> dict[str, Path]:
    """As Kind.brings; `kept` is where the parts are. Other weights than were planned with are not brought: the work
    then says that those are gone."""
    path = settings.UPSCALE_WEIGHTS
    if "weights" not in spec or not path or not Path(path).is_file():
        return {}
    sha256 = spec["weights"]["sha256"]
    return {kept_as(kept, f"{sha256}{weights.END}"): Path(path)} if weights.checksum(path) == sha256 else {}
