"""Whose exports an account of staff may see: everybody's, or those of owners who share a group with it."""

from django.contrib.auth.models import Group
from django.db.models import Q

from exports.models import User


def sees_all(user: User) -> bool:
    return user.has_perm("progress.view_job")


def may_enter(user: User) -> bool:
    return user.is_active and user.is_staff and (sees_all(user) or user.has_perm("exports.view_export"))


def within(user: User, owner: str = "job__owner") -> Q:
    """As a condition on exports, or on what else has an owner."""
    if sees_all(user):
        return Q()
    mine = Group.objects.filter(user=user).values("pk")
    return Q(**{f"{owner}__in": User.objects.filter(groups__in=mine).values("pk")})


def told(user: User) -> str:
    """Said on the list, so that nobody takes a part for the whole."""
    if sees_all(user):
        return ""
    names = list(user.groups.order_by("name").values_list("name", flat=True))
    if not names:
        return "You are in no group, so no export is shown to you. An administrator can put you into one."
    return f"You see the exports of owners in {', '.join(names)}."
