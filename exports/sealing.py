"""Secrets of people, kept so that the database alone does not tell them, by keys made of the SECRET_KEY: what can be
told in words by Fernet; a few bytes by AES-GCM, which fits where Fernet does not, and holds for one owner alone.

What was sealed with a key that is now among SECRET_KEY_FALLBACKS can still be opened; with another one, it cannot."""

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT, SALT_OF_BYTES = "longhaul.sealed", "longhaul.sealed.bytes"
MARK = "s1:"  # what sealed bytes begin with
NONCE = 12  # bytes


def sealed(told: dict[str, Any]) -> str:
    return _fernet().encrypt(json.dumps(told).encode()).decode()


def opened(text: str) -> dict[str, Any] | None:
    """None where the key has changed since: then there is nothing left of it."""
    try:
        told: dict[str, Any] = json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken:
        return None
    return told


def sealed_bytes(told: bytes, *, of: str) -> str:
    """Of twenty bytes, 67 letters. Whoever is not the owner that they were sealed `of` cannot open them."""
    nonce = secrets.token_bytes(NONCE)
    box = AESGCM(_key(settings.SECRET_KEY, SALT_OF_BYTES)).encrypt(nonce, told, of.encode())
    return MARK + base64.urlsafe_b64encode(nonce + box).decode()


def opened_bytes(text: str, *, of: str) -> bytes | None:
    """None where the key has changed since, and where they are another's."""
    told = base64.urlsafe_b64decode(text.removeprefix(MARK))
    for secret in _secrets():
        try:
            return AESGCM(_key(secret, SALT_OF_BYTES)).decrypt(told[:NONCE], told[NONCE:], of.encode())
        except InvalidTag:
            continue
    return None


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret, SALT))) for secret in _secrets()])


def _secrets() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _key(secret: str | bytes, salt: str) -> bytes:
    return salted_hmac(salt, "", secret=secret, algorithm="sha256").digest()
