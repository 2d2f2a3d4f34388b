"""Why an export cannot be made again, and what there is instead, in the same words wherever it is asked for."""

from collections.abc import Sequence

from django.utils.translation import gettext as _


def said(names: Sequence[str]) -> str:
    """Of the clips that were deleted; nothing where none was."""
    if not names:
        return ""
    what = _("%(name)s was") % {"name": names[0]}
    if len(names) > 1:
        what = _("%(names)s and %(last)s were") % {"names": ", ".join(names[:-1]), "last": names[-1]}
    told = _("%(what)s deleted from the project, so this export cannot be made again. Put another clip in its place.")
    return told % {"what": what}
