"""What people call things: on one line, and of nothing that cannot be seen, which could turn round what is read behind
it."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from progress.report import JOINERS

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # what controls and what turns text, halves of characters, lines
BLANK = "Zs"


class Unreadable(ValueError):
    """A name that is not what it looks like; the sentence names the character."""


def readable(text: str) -> str:
    """With a plain space for each of another width, as some systems put into the names of their files."""
    kinds = [(each, unicodedata.category(each)) for each in text]
    unseen = next((each for each, kind in kinds if kind in UNSEEN and each not in JOINERS), None)
    if unseen is not None:
        named = unicodedata.name(unseen, "control character").lower()
        said = _(
            "expected only what can be seen, on one line, got the character U+%(code)04X (%(named)s). Type it anew."
        )
        raise Unreadable(said % {"code": ord(unseen), "named": named})
    return "".join(" " if kind == BLANK else each for each, kind in kinds)


class NameField(forms.CharField):
    def clean(self, value: object) -> str:
        try:
            return readable(super().clean(value))
        except Unreadable as why:
            said = str(why)
            raise ValidationError(said[0].upper() + said[1:]) from None
