"""Why an export cannot be made again, and what there is instead, in the same words wherever it is asked for."""

from collections.abc import Sequence

from django.utils.translation import gettext as _


def said(deleted: Sequence[str], refused: Sequence[str]) -> str:
    """Of the clips that were deleted, else of those that cannot be used; nothing where there is neither."""
    if deleted:
        told = _(
            "%(what)s deleted from the project, so this export cannot be made again. Put another clip in its place."
        )
        return told % {"what": _what_was(deleted)}
    if refused:
        told = _("%(names)s cannot be used, so this export cannot be made again. Put another clip in its place.")
        return told % {"names": ", ".join(refused)}
    return ""


def _what_was(names: Sequence[str]) -> str:
    if len(names) == 1:
        return _("%(name)s was") % {"name": names[0]}
    return _("%(names)s and %(last)s were") % {"names": ", ".join(names[:-1]), "last": names[-1]}
