from exports.models.allowance import Allowance, GuardedSignIn
from exports.models.answered import Answered
from exports.models.attempt import Attempt
from exports.models.bulk import Bulk, BulkRow
from exports.models.codes import CodesOfApp
from exports.models.connection import Connection
from exports.models.contact import Contact, Subscription
from exports.models.delivery import Delivery
from exports.models.drill import Drill
from exports.models.export import Export
from exports.models.heartbeat import Heartbeat
from exports.models.hours import Hours
from exports.models.intake import Intake, IntakeChange
from exports.models.lease import Lease
from exports.models.notice import Notice
from exports.models.posting import Posting
from exports.models.project import Clip, Project
from exports.models.result import Result
from exports.models.share import Share
from exports.models.silenced import Silenced
from exports.models.source import Source
from exports.models.summary import Summary
from exports.models.tally import Tally
from exports.models.token import Token
from exports.models.user import User
from exports.models.worked import Worked

__all__ = [
    "Allowance",
    "Answered",
    "Attempt",
    "Bulk",
    "BulkRow",
    "Clip",
    "CodesOfApp",
    "Connection",
    "Contact",
    "Delivery",
    "Drill",
    "Export",
    "GuardedSignIn",
    "Heartbeat",
    "Hours",
    "Intake",
    "IntakeChange",
    "Lease",
    "Notice",
    "Posting",
    "Project",
    "Result",
    "Share",
    "Silenced",
    "Source",
    "Subscription",
    "Summary",
    "Tally",
    "Token",
    "User",
    "Worked",
]
