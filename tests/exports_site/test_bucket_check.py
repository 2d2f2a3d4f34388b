"""What a bucket still needs is said before anything fails for want of it."""

import pytest

from exports_site.checks import bucket_is_complete


@pytest.fixture
def complete(settings):
    settings.STORE_BUCKET, settings.STORE_ENDPOINT, settings.STORE_REGION = "films", "https://s.example.com", "auto"
    settings.STORE_KEY, settings.STORE_SECRET = "k", "s"
    settings.GRANTS, settings.GRANTS_ENDPOINT, settings.GRANTS_TOKEN = "r2", "https://a.example.com/x", "t"
    return settings


def ids():
    found = bucket_is_complete(None)
    assert all(message.msg.startswith("LONGHAUL_STORE") and message.msg.endswith(".") for message in found)
    assert all(message.hint for message in found)
    return [message.id for message in found]


def test_a_folder_needs_nothing(settings):
    assert ids() == []


def test_a_complete_bucket_needs_nothing_more(complete):
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"STORE_KEY": ""}, ["longhaul.E104"]),
        ({"STORE_SECRET": ""}, ["longhaul.E105"]),
        ({"GRANTS": "none"}, ["longhaul.E106"]),
        ({"GRANTS_ENDPOINT": ""}, ["longhaul.E107"]),
        ({"GRANTS_TOKEN": ""}, ["longhaul.E108"]),
        ({"GRANTS": "sts", "GRANTS_ENDPOINT": ""}, ["longhaul.E107"]),
        ({"GRANTS": "sts", "GRANTS_TOKEN": ""}, []),
        ({"STORE_ENDPOINT": "https://s3.auto.amazonaws.com", "GRANTS": "sts"}, ["longhaul.E103"]),
        (
            {
                "STORE_ENDPOINT": "https://s3.eu-west-1.amazonaws.com", "STORE_REGION": "eu-west-1", "GRANTS": "sts",
                "GRANTS_ENDPOINT": "",
            },
            [],
        ),
    ],
)  # fmt: skip
def test_each_thing_that_is_missing_is_named(complete, changes, expected):
    for name, value in changes.items():
        setattr(complete, name, value)
    assert ids() == expected
