"""Before and after an update: do the kinds of this version fit what is under way, and can the runner start them?"""

from django.conf import settings

from exports import kinds
from exports.counted import counted
from exports.management.passing import Asked, PassCommand, Passed
from exports.soundness import doubts
from exports.tools import tools


class Command(PassCommand):
    help = (
        "Looks whether every kind, pipeline and stage that is under way is known to this version, and whether the"
        " runner can start every kind. It changes nothing. Exit code 0: all fits; 1: something does not; 2: it could"
        " not look."
    )
    changes = "Makes no difference: nothing is ever changed."

    def run_pass(self, asked: Asked) -> Passed:
        found = tuple(doubts(tools(), settings.RUNNER))[: asked.limit]
        names = ", ".join(kind.pipeline.key for kind in kinds.registered())
        said = f"{counted(len(found), 'doubt')}." if found else "All fits."
        counts = {"kinds": [kind.key for kind in kinds.registered()], "doubts": list(found)}
        return Passed(summary=f"{names}: {said}", counts=counts, failed=len(found), lines=found)
