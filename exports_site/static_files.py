"""Static files, hashed and compressed: as far as it goes where they are collected for a release, and to a tenth more
in a twentieth of the time where somebody waits for the first start of an installation at home."""

from typing import Any

import brotli
from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

QUICK = 7


class Quickly(Compressor):  # type: ignore[misc]
    @staticmethod
    def compress_brotli(plain: bytes) -> bytes:
        compressed: bytes = brotli.compress(plain, quality=QUICK)
        return compressed


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**options) if settings.PRODUCTION else Quickly(**options)
