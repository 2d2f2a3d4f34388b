"""Static files, hashed and compressed: as far as it goes where they are collected once for a release, and in a twentieth
of that time, to a tenth more, where somebody waits for the first start of an installation at home."""

from typing import Any

import brotli
from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

QUICK = 7


class Quickly(Compressor):
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return brotli.compress(data, quality=QUICK)


class StaticFiles(CompressedManifestStaticFilesStorage):
    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**options) if settings.PRODUCTION else Quickly(**options)
