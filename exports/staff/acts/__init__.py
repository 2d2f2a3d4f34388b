"""The acts there are. Importing the package registers them."""

from exports.staff.acts import ending, looking, telling, wishing
from exports.staff.acts.base import Act, Answer, Order, acts, case_of, find, perform, planned, register

__all__ = [
    "Act", "Answer", "Order", "acts", "case_of", "ending", "find", "looking", "perform", "planned", "register",
    "telling", "wishing",
]  # fmt: skip
