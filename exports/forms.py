from typing import Any

from django.contrib.auth.forms import UserCreationForm
from django.db import IntegrityError, transaction

from exports.models import User


class SignUpForm(UserCreationForm):
    """A new account, or, given a guest, the same account made full: everything that hangs on it stays."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)

    def __init__(self, *args: Any, guest: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, instance=guest or User(), **kwargs)
        if guest and not self.is_bound:
            self.initial["username"] = ""  # not the name that the guest was given

    def saved(self) -> User | None:
        """None, with the error said, where another sign-up took the name after it was checked."""
        try:
            with transaction.atomic():
                return self.save()
        except IntegrityError:
            self.add_error("username", self.instance.unique_error_message(User, ("username",)))
            return None

    def save(self, commit: bool = True) -> User:
        self.instance.guest = False
        user: User = super().save(commit=commit)
        return user
