"""What the audit may mend: nothing but what reconcile would do. All else is for a person."""

from dataclasses import dataclass

from exports.audit.cases import read
from exports.audit.checks import CHECKS
from exports.audit.rows import Moment
from exports.audit.run import Violation
from exports.models import Export
from exports.reconcile import reconcile, reconcile_through
from exports.tools import Tools


@dataclass(frozen=True, kw_only=True)
class Repaired:
    mended: bool
    said: str


def repair(violation: Violation, tools: Tools, *, apply: bool = True) -> Repaired:
    """Looks at the export again, as the driver would. Without `apply`, says what its next step would be."""
    check = CHECKS[violation.check]
    if not check.mends:
        return Repaired(mended=False, said=f"For a person: {check.person}")
    export = Export.objects.filter(pk=violation.id).first()
    if export is None:
        return Repaired(mended=True, said="It was deleted meanwhile.")
    if not apply:
        step = reconcile(export.pk, tools, apply=False)
        return Repaired(mended=False, said=f"Reconciling would take the step {step.name!r}: {step.why}.")
    steps = ", then ".join(f"{step.name}: {step.why}" for step in reconcile_through(export, tools))
    if _still_wrong(violation, tools):
        return Repaired(mended=False, said=f"Reconciled ({steps}), and it is not mended. For a person: {check.person}")
    return Repaired(mended=True, said=f"Reconciled ({steps}), and it holds now.")


def _still_wrong(violation: Violation, tools: Tools) -> bool:
    of_rows = CHECKS[violation.check].of_rows
    cases, _ = read([violation.id])
    moment = Moment(now=tools.clock(), driven=True, sends=True)
    return of_rows is not None and any(said for case in cases for said in of_rows(case, moment))
