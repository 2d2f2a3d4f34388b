"""Secrets of people, kept so that the database alone does not tell them: Fernet, with a key made of the SECRET_KEY.

What was sealed with a key that is now among SECRET_KEY_FALLBACKS can still be opened; with another one, it cannot."""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "longhaul.sealed"


def sealed(told: dict[str, Any]) -> str:
    return _fernet().encrypt(json.dumps(told).encode()).decode()


def opened(text: str) -> dict[str, Any] | None:
    """None where the key has changed since: then there is nothing left of it."""
    try:
        told: dict[str, Any] = json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken:
        return None
    return told


def _fernet() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret))) for secret in secrets])


def _key(secret: str | bytes) -> bytes:
    return salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()
