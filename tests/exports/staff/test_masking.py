import pytest

from exports.staff.masking import HIDDEN, masked, text


@pytest.mark.parametrize(
    "said",
    [
        "token=abcdef123456",
        'X-Amz-Signature: 0123456789abcdef, "secret": "swordfish"',
        "postgresql://longhaul:swordfish@host/name",
        "Authorization: swordfish",
        "MODAL_TOKEN_SECRET=swordfish",
    ],
)
def test_what_opens_a_door_is_hidden_in_a_line_too(said):
    shown = text(said)
    assert HIDDEN in shown
    assert not any(secret in shown for secret in ("swordfish", "abcdef123456", "0123456789abcdef"))


def test_what_is_no_secret_stays():
    plain = {"key": "attempts/7f3c/1/out/film.mp4", "bytes": 4, "sha256": "5" * 64, "call": "fc-1", "stage": "process"}
    assert masked(plain) == plain
    assert text("The store did not answer for attempt 1.") == "The store did not answer for attempt 1."


def test_values_are_hidden_by_their_names_however_deep():
    found = masked({"store": [{"secret": "a", "prefix": "b"}], "site": {"token": "t"}, "lease_token": None})
    assert found == {"store": [{"secret": HIDDEN, "prefix": "b"}], "site": {"token": HIDDEN}, "lease_token": None}


def test_the_sites_own_secrets_are_hidden_wherever_they_stand(settings):
    assert text(f"it was {settings.SECRET_KEY}!") == f"it was {HIDDEN}!"
