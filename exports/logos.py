"""Logos: small pictures that people send with a form. Each is kept among its project's parts, under its checksum."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from modal_functions.media import child
from modal_functions.media.child import Limits
from modal_functions.media.errors import MediaError
from modal_functions.store import StoreError
from modal_functions.wire import chunks_of, kept_as

if TYPE_CHECKING:
    from exports.models import Project

LARGEST = 5 << 20
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=10, file_bytes=8 << 20, wall_seconds=15)


class Unusable(Exception):
    """It cannot be taken as a logo; the sentence says why."""


def keep(sent: Any, project: "Project") -> str:
    """Its checksum. It is looked at in a child with limits: a hostile one can end nothing but that."""
    from exports.tools import tools  # noqa: PLC0415 - the models know the kinds, and those their forms

    if sent.size > LARGEST:
        raise Unusable(f"The logo has {sent.size / 1_000_000:.1f} MB; expected at most {LARGEST / 1_000_000:.1f} MB.")
    with tempfile.TemporaryDirectory(prefix="longhaul-logo-") as folder:
        original, made = Path(folder, "original"), Path(folder, "logo.png")
        original.write_bytes(sent.read())
        try:
            child.run({"do": "overlay.logo", "path": str(original), "to": str(made)}, limits=LIMITS)
            body = made.read_bytes()
            sha256 = hashlib.sha256(body).hexdigest()
            tools().store.put(kept_as(chunks_of(str(project.pk)), f"{sha256}.png"), body)
        except MediaError as error:
            raise Unusable(error.sentence) from error
        except StoreError as error:
            raise Unusable(_("The logo cannot be kept now, since the store does not answer. Try again.")) from error
    return sha256
