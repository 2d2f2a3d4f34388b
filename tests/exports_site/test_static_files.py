"""How hard static files are compressed: by who waits for it."""

import brotli
import pytest

from exports_site.static_files import StaticFiles

STYLES = b"".join(
    b"main.page-%d > section { padding: %dpx; color: #%06x }\n" % (n, n % 7, n * 7919) for n in range(500)
)


@pytest.fixture
def compressed(settings, tmp_path):
    def at(*, production):
        settings.PRODUCTION = production
        path = tmp_path / "site.css"
        path.write_bytes(STYLES)
        StaticFiles(location=tmp_path).create_compressor(quiet=True).compress(path=str(path))
        return (tmp_path / "site.css.br").read_bytes()

    return at


def test_a_release_is_compressed_as_far_as_it_goes_and_a_first_start_at_home_nearly(compressed):
    release, home = compressed(production=True), compressed(production=False)
    assert brotli.decompress(release) == brotli.decompress(home) == STYLES
    assert release == brotli.compress(STYLES)
    assert len(release) < len(home) < len(STYLES) / 3
