"""The acts there are. Importing the package registers them."""

from exports.staff.acts import ending, keeping, looking, telling, wishing
from exports.staff.acts.base import Act, Answer, Order, acts, case_of, find, perform, planned, register

__all__ = [
    "Act", "Answer", "Order", "acts", "case_of", "ending", "find", "keeping", "looking", "perform", "planned",
    "register", "telling", "wishing",
]  # fmt: skip
