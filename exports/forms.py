from typing import TYPE_CHECKING, Any

from django.contrib.auth.forms import UserCreationForm

from exports.models import User

Base = UserCreationForm[User] if TYPE_CHECKING else UserCreationForm


class SignUpForm(Base):
    """A new account, or, given a guest, the same account made full: everything that hangs on it stays."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)

    def __init__(self, *args: Any, guest: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, instance=guest or User(), **kwargs)
        if guest and not self.is_bound:
            self.initial["username"] = ""  # not the name that the guest was given

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        self.instance.guest = False
        return super().save(commit=commit)
