"""The audit: what must be true of every export, source and object, looked for on an installation that is at work."""

from exports.audit.checks import CHECKS, Check
from exports.audit.run import Audited, Wanted, audit

__all__ = ["CHECKS", "Audited", "Check", "Wanted", "audit"]
