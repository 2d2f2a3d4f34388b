"""Whatever a platform answers, of whatever shape: it is read, or not believed, and never the end of an attempt."""

import json
import math
import random

import pytest

from modal_functions.publishing import asking, instagram, tiktok
from modal_functions.publishing.asking import Answer

ROUNDS = 400  # of each reader
CODES = {
    "not_connected", "platform_slow", "platform_unreachable", "posting_refused", "posting_unknown", "rate_limited",
}  # fmt: skip
KEYS = (
    "data", "error", "code", "error_subcode", "id", "username", "instagram_business_account", "creator_username",
    "creator_nickname", "privacy_level_options", "max_video_post_duration_sec", "status", "status_code", "publish_id",
    "upload_url", "uploaded_bytes", "fail_reason", "publicaly_available_post_id", "quota_usage", "config",
    "quota_total", "permalink", "caption", "timestamp", "success",
)  # fmt: skip
PLAIN = (
    None, True, False, 0, 1, -7, 190, 10**400, 1.5, math.inf, math.nan, "", "ok", "12", "SELF_ONLY", "FAILED",
    "FINISHED", "PROCESSING_UPLOAD", "PUBLISH_COMPLETE", "http://[::1", "http://127.0.0.1:x/", "a\0b", "half \ud83c",
    "line\r\nline", "../up", "x" * 3000,
)  # fmt: skip
BODIES = (b"<html><body>Sorry</body></html>", b"", b"null", b"7", b'"said"', b"[" * 5000, b"9" * 6000, b"\xff\xfe")


def anything(dice, depth=4):
    """JSON of any shape, with the names that are looked for here and there."""
    sort = dice.random()
    if depth == 0 or sort < 0.35:
        return dice.choice(PLAIN)
    if sort < 0.5:
        return [anything(dice, depth - 1) for _ in range(dice.randrange(3))]
    return {dice.choice(KEYS): anything(dice, depth - 1) for _ in range(dice.randrange(6))}


def answers(seed):
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        told = {key: anything(dice) for key in dice.sample(KEYS, dice.randrange(4))}
        yield Answer(status=dice.choice((200, 400)), told={"data": anything(dice), **told})


def is_sayable(text):
    """Every database and every page takes it."""
    text.encode()
    return "\0" not in text and len(text) <= 300


@pytest.mark.parametrize("seed", range(3))
def test_of_an_account_only_what_can_be_kept_is_read(seed):
    for answer in answers(seed):
        creator, accounts = tiktok.creator_in(answer), instagram.accounts_in(answer)
        assert all(map(is_sayable, (creator.name, creator.called, tiktok.code_in(answer)))), answer
        assert 0 <= creator.most_seconds < math.inf
        assert set(creator.privacy) <= set(tiktok.PRIVACY)
        assert all(is_sayable(each.name) and each.id and is_sayable(each.id) for each in accounts), answer
        assert all(isinstance(code, int) for code in instagram.codes_in(answer))


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_object_in_json_tells_nothing(body):
    assert asking._told(body) == {}


PATHS = {
    "tiktok": ("/v2/post/publish/creator_info", "/v2/post/publish/video/init", "/upload/", "/v2/post/publish/status"),
    "instagram": (
        "/v24.0/178/content_publishing_limit", "/v24.0/178/media", "/ig-api-upload/", "/v24.0/c1",
        "/v24.0/178/media_publish",
    ),
}  # fmt: skip
ATTEMPTS = 3  # at each path


@pytest.mark.parametrize(("platform", "path"), [(key, path) for key, paths in PATHS.items() for path in paths])
def test_an_attempt_ends_with_a_sentence_whatever_is_answered(desk, platforms, platform, path):
    dice = random.Random(path)
    for number in range(ATTEMPTS):
        told = [
            (200, {"data": anything(dice), **{key: anything(dice) for key in dice.sample(KEYS, 4)}}) for _ in "1234567"
        ]
        platforms.upset = {path: [*told, (200, dice.choice((7, None, [], "said")))]}
        outcome = desk.post(platform, export=f"e{number}", pace={"first": 0.001, "most": 0.002, "patience": 0.02})
        assert outcome["ending"] == "ok" or outcome["code"] in CODES, (platforms.asked[-1], outcome["sentence"])
        json.dumps(outcome, allow_nan=False)
        assert is_sayable(outcome["sentence"]), outcome
        platforms.upset = {}
        again = desk.post(platform, export=f"e{number}")
        assert again["ending"] == "ok" or again["code"] in CODES, again["sentence"]
    posted = platforms.tiktok if platform == "tiktok" else platforms.instagram
    assert len(posted) <= ATTEMPTS
