"""The app that shows somebody's codes: what it and the site know together is sealed, as other secrets of people are."""

import secrets
from binascii import unhexlify
from typing import TYPE_CHECKING

from django_otp.plugins.otp_totp.models import TOTPDevice

from exports.sealing import MARK, opened_bytes, sealed_bytes

if TYPE_CHECKING:
    from exports.models.user import User

NAME = "Longhaul"
BYTES = 20


class CodesOfApp(TOTPDevice):  # type: ignore[misc] # django-otp has no types
    class Meta:
        proxy = True
        default_permissions = ()

    @classmethod
    def offer(cls, user: "User") -> "CodesOfApp":
        """The same until it is confirmed; another where the key that sealed it is gone."""
        there: CodesOfApp | None = cls.objects.filter(user=user, confirmed=False).first()
        if there is not None and there.secret is not None:
            return there
        cls.objects.filter(user=user, confirmed=False).delete()
        key = sealed_bytes(secrets.token_bytes(BYTES), of=str(user.pk))
        made: CodesOfApp = cls.objects.create(user=user, confirmed=False, name=NAME, key=key)
        return made

    @property
    def secret(self) -> bytes | None:
        """None where the key that sealed it is gone. One of a version that did not seal is as it is."""
        if self.key.startswith(MARK):
            return opened_bytes(self.key, of=str(self.user_id))
        return unhexlify(self.key)

    @property
    def bin_key(self) -> bytes:
        """As django-otp asks for it."""
        if self.secret is None:
            raise ValueError("the SECRET_KEY has changed since this was sealed")
        return self.secret

    def is_shown(self, code: str) -> bool:
        """The app shows this code now, for the first time; then it is sealed anew, for the key may be a newer one."""
        secret = self.secret
        if secret is None or not self.verify_token(code):
            return False
        CodesOfApp.objects.filter(pk=self.pk).update(key=sealed_bytes(secret, of=str(self.user_id)))
        return True
