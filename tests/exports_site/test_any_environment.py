"""Whatever stands in the environment, the settings can be read."""

import os
import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from django.http.request import split_domain_port, validate_host
from hypothesis import example, given
from hypothesis import strategies as st

from exports_site.environment import HOST, Environment, is_loopback
from exports_site.variables import KNOWN
from tests.exports_site.reading import DIGITS, environment, settings_in

# All that an environment can hold: any bytes but zero, decoded as Python does it.
anything = st.binary(max_size=80).map(lambda value: os.fsdecode(value.replace(b"\0", b"")))
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
scheme = st.sampled_from(["https://", "http://", "postgresql://", "postgres://", "sqlite:///", "mysql://", "://", ""])
tail = st.text("0123456789abcZ.:/@[]?#%&=*_- \\é²", max_size=30)
values = st.one_of(anything, text, st.builds(str.__add__, scheme, tail), st.builds("{}:{}".format, tail, tail))
names = sorted(set(KNOWN) - {"LONGHAUL_HOME"})


@given(environ=st.dictionaries(st.sampled_from(names), values, max_size=len(names)))
@example({"LONGHAUL_URL": "https://["})
@example({"LONGHAUL_URL": "https://[1:2:3:"})
@example({"LONGHAUL_BIND": f"localhost:{DIGITS}"})
@example({"LONGHAUL_WEB_PROCESSES": DIGITS})
@example({"DATABASE_URL": f"postgresql://u@h/n?a={DIGITS}"})
def test_whatever_is_set_the_settings_can_be_read_and_every_value_is_valid(environ):
    with tempfile.TemporaryDirectory() as home:
        found = settings_in(home, **environ)
    for problem in found.PROBLEMS:
        assert re.fullmatch(r"longhaul\.[EW]\d{3}", problem.id)
        assert problem.said.endswith(".")
        assert problem.hint
    wrong = {problem.said.split()[0] for problem in found.PROBLEMS}
    given = {name for name, value in environ.items() if value.strip()}
    assert wrong - {"SECRET_KEY"} <= given

    assert found.SECRET_KEY
    assert HOST.fullmatch(found.BIND[0])
    assert 0 < found.BIND[1] < 65536
    assert validate_host(split_domain_port(urlsplit(found.PUBLIC_URL or found.BIND_URL).netloc)[0], found.ALLOWED_HOSTS)
    assert (
        found.ALLOWED_HOSTS.count("*") == found.ANY_ADDRESS == (not found.PRODUCTION and not is_loopback(found.BIND[0]))
    )
    assert not [name for name in found.ALLOWED_HOSTS if ("*" in name and name != "*") or name.startswith(".")]
    assert 1 <= found.WEB_PROCESSES <= 256
    assert 1 <= found.CLUSTER_PROCESSES <= 256
    assert 1 <= found.PROGRESS_POLL_SECONDS <= 60
    assert found.DATABASES["default"]["ENGINE"].endswith((".sqlite3", ".postgresql"))
    assert found.DATABASES["default"]["NAME"]
    assert found.Q_CLUSTER["retry"] > found.Q_CLUSTER["timeout"]


@given(name=st.one_of(anything, text).filter(lambda name: "/" not in name and name.strip() != ".."))
@example("x" * 300)
@example("é" * 200)
def test_whatever_the_home_is_called_it_is_made_or_told(name):
    with tempfile.TemporaryDirectory() as base:
        here = environment(Path(base), LONGHAUL_HOME=name)
        home = here.home("LONGHAUL_HOME")
        assert len(here.secret_key(home, production=False)) >= 50
        assert home.parent == Path(base) or home == Path(base)
        assert here.problems or home.is_dir()


@given(name=text, value=values)
def test_whatever_else_is_set_is_at_most_a_warning(name, value):
    here = Environment(environ={f"LONGHAUL_{name}": value}, base=Path())
    here.unknown_names()
    assert {problem.id for problem in here.problems} <= {"longhaul.W001"}
    assert bool(here.problems) is (f"LONGHAUL_{name}" not in KNOWN)
