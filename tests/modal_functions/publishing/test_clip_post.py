"""A clip is posted, or it is said why not; and whatever befalls the work, it is posted at most once."""

import hashlib
import json
import re
import threading

import pytest

from modal_functions.publishing.going import SITE, WORK
from modal_functions.publishing.kept import Kept
from modal_functions.publishing.tiktok import CHUNK, chunks
from modal_functions.wire import pack
from tests.modal_functions.publishing.conftest import EXPORT
from tests.platforms import EXPIRED


def receipt(desk, outcome, place):
    return json.loads(desk.store.get(outcome["result"]["files"][place]["key"]))


def sentence(outcome):
    assert outcome["ending"] == "error", outcome
    return outcome["code"], outcome["sentence"]


def test_both_platforms_get_it_once_and_say_where_it_is(desk, platforms):
    outcome = desk.post()
    assert outcome["ending"] == "ok", outcome["sentence"]
    assert desk.posted == (1, 1)
    [tiktok], [instagram] = platforms.tiktok, platforms.instagram
    assert receipt(desk, outcome, 0)["link"] == f"https://www.tiktok.com/@olga/video/{tiktok['id']}"
    assert receipt(desk, outcome, 1)["link"] == f"https://www.instagram.com/reel/{instagram['id']}/"
    assert (tiktok["title"], tiktok["privacy_level"]) == ("Lofoten #sea", "SELF_ONLY")
    assert [tiktok[f"disable_{each}"] for each in ("comment", "duet", "stitch")] == [False, True, True]
    assert instagram["caption"] == "Lofoten #sea"
    assert outcome["result"]["rendered"] == outcome["result"]["chunks"] == 7


@pytest.mark.parametrize(
    ("chosen", "stages"),
    [
        (("tiktok", "instagram"), ["waiting", "posting_tiktok", "posting_instagram"]),
        (("tiktok",), ["waiting", "posting_tiktok"]),
        (("instagram",), ["waiting", "posting_instagram"]),
    ],
)
def test_a_platform_that_was_not_chosen_hears_nothing_and_its_stage_is_not_entered(desk, chosen, stages):
    assert desk.post(*chosen)["ending"] == "ok"
    assert desk.posted == ("tiktok" in chosen, "instagram" in chosen)
    assert list(dict.fromkeys(stage for stage, *_ in desk.heard)) == stages
    waited = [done for stage, done, total in desk.heard if stage == "waiting" and total]
    assert waited == sorted(waited)
    assert len(set(waited)) > 20, "bytes that are sent are told of"
    assert waited[-1] == desk.bytes["bytes"] * (("tiktok" in chosen) + 2 * ("instagram" in chosen))


def test_the_token_is_told_to_its_platform_alone(desk, platforms):
    desk.post()
    assert all("Authorization" not in headers for _, path, headers in platforms.asked if path.startswith("/upload/"))
    written = b"".join(desk.store.get(key) for key in desk.store.keys("attempts/5f7a"))
    assert desk.account["token"].encode() not in written


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after"])
def test_killed_at_every_question_it_is_posted_once_or_left_to_the_person(tmp_path, after):
    from tests.modal_functions.publishing.conftest import Desk
    from tests.platforms import Platforms

    ends = []
    for at in range(1, 40):
        platforms = Platforms()
        folder = tmp_path / f"{after}-{at}"
        folder.mkdir()
        desk = Desk(folder, platforms)
        killed = desk.post_and_be_killed(at, after=after)
        where = platforms.asked[-1][1]
        outcome = desk.post()
        platforms.stop()
        ends.append((where, outcome["ending"], outcome["code"]))
        assert desk.posted[0] <= 1
        assert desk.posted[1] <= 1
        if not killed:
            break
        assert outcome["ending"] == "ok" or (outcome["code"], where) == ("posting_unknown", "/v24.0/178/media_publish")
    assert len(ends) > 10, "there were that many questions"
    assert not killed
    unknown = [where for where, _, code in ends if code == "posting_unknown"]
    assert len(unknown) == (0 if after else 1), "only what never arrived cannot be known"


@pytest.mark.parametrize(
    "path",
    ["/v2/post/publish/creator_info", "/v2/post/publish/video/init", "/upload/", "/v2/post/publish/status",
     "/v24.0/178/content_publishing_limit", "/v24.0/178/media", "/ig-api-upload/"],
)  # fmt: skip
def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_posted_twice(desk, platforms, path):
    platforms.drop[path] = 1
    assert desk.post()["ending"] == "ok"
    assert desk.posted == (1, 1)


def test_a_lost_answer_of_the_call_that_publishes_is_settled_by_the_status_and_its_link_is_found(desk, platforms):
    platforms.drop["/v24.0/178/media_publish"] = 1
    outcome = desk.post("instagram")
    assert outcome["ending"] == "ok"
    assert receipt(desk, outcome, 0)["link"].startswith("https://www.instagram.com/reel/")
    assert platforms.times("media_publish") == 1


def test_an_answer_of_the_call_that_publishes_that_says_nothing_is_settled_by_the_status_too(desk, platforms):
    platforms.garble["/v24.0/178/media_publish"] = 1
    assert desk.post("instagram")["ending"] == "ok"
    assert (platforms.times("media_publish"), desk.posted) == (1, (0, 1))


@pytest.mark.parametrize("error", [(400, {"error": {"code": 100}}), (400, {"error": {"code": 190}})])
def test_what_is_posted_is_said_to_be_posted_though_its_link_cannot_be_had(desk, platforms, error):
    media = hashlib.sha256(b"a clip" * 1000).hexdigest()[:12]
    platforms.upset[f"/v24.0/{media}"] = [error]
    outcome = desk.post("instagram")
    assert outcome["ending"] == "ok", outcome["sentence"]
    assert receipt(desk, outcome, 0)["link"] == "https://www.instagram.com/olga"


def test_what_is_posted_but_not_to_be_found_is_said_to_be_posted(desk, platforms):
    platforms.drop["/v24.0/178/media_publish"] = 1

    def heard():
        if platforms.asked[-1][1] == "/v24.0/c1" and platforms.instagram:
            platforms.upset["/v24.0/178/media"] = [(403, {"error": {"code": 10}})]

    platforms.heard = heard
    outcome = desk.post("instagram")
    assert outcome["ending"] == "ok", outcome["sentence"]
    assert desk.posted == (0, 1)


def test_what_nobody_knows_is_left_to_the_person_however_often_it_is_retried(desk, platforms):
    platforms.upset["/v24.0/178/media_publish"] = [(503, {})]
    for _ in range(3):
        code, said = sentence(desk.post("instagram"))
        assert code == "posting_unknown"
        assert "Look at your Instagram account" in said
    assert (platforms.times("media_publish"), desk.posted) == (1, (0, 0))


def test_posted_already_it_is_asked_for_no_more(desk, platforms):
    desk.post()
    platforms.asked.clear()
    assert desk.post()["result"]["rendered"] == 0
    assert platforms.times("PUT") == platforms.times("media_publish") == platforms.times("init") == 0
    assert desk.posted == (1, 1)


def test_one_platform_refuses_and_the_other_stays_posted(desk, platforms):
    platforms.upset["/v24.0/178/media_publish"] = [(400, {"error": {"code": 4, "error_subcode": 2207051}})]
    assert "for spam" in sentence(desk.post())[1]
    assert desk.posted == (1, 0)
    assert desk.post()["ending"] == "ok"
    assert desk.posted == (1, 1)


REFUSALS = [
    ("/v2/post/publish/video/init", 403, "spam_risk_too_many_posts", "rate_limited", "no more posts of this account"),
    ("/v2/post/publish/video/init", 403, "spam_risk_user_banned_from_posting", "posting_refused", "does not let this"),
    ("/v2/post/publish/video/init", 403, "unaudited_client_can_only_post_to_private_accounts", "posting_refused",
     "has not audited the app"),
    ("/v2/post/publish/video/init", 403, "privacy_level_option_mismatch", "posting_refused", "who was chosen to see"),
    ("/v2/post/publish/creator_info", 401, "access_token_invalid", "not_connected", "Connect it again"),
    ("/v2/post/publish/creator_info", 401, "scope_not_authorized", "not_connected", "without the right to post"),
    ("/v2/post/publish/video/init", 400, "invalid_params", "posting_refused", "(invalid_params)"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "status", "error", "code", "said"), REFUSALS)
def test_what_tiktok_refuses_is_one_clear_sentence(desk, platforms, path, status, error, code, said):
    platforms.upset[path] = [(status, {"error": {"code": error}})]
    found, told = sentence(desk.post("tiktok"))
    assert (found, said in told, told.endswith(".")) == (code, True, True), told
    assert desk.posted == (0, 0)


META = [
    ("/v24.0/178/media", {"code": 190}, "not_connected", "Connect it again"),
    ("/v24.0/178/media", {"code": 10}, "not_connected", "without the right to post"),
    ("/v24.0/178/media", {"code": 100, "error_subcode": 2207010}, "posting_refused", "a shorter caption"),
    ("/v24.0/178/media_publish", {"code": 9, "error_subcode": 2207042}, "rate_limited", "Retry it then"),
    ("/v24.0/178/media_publish", {"code": -1, "error_subcode": 2207051}, "posting_refused", "for spam"),
    ("/v24.0/178/media_publish", {"code": 1}, "posting_refused", "refuses the post"),
]


@pytest.mark.parametrize(("path", "error", "code", "said"), META)
def test_what_instagram_refuses_is_one_clear_sentence(desk, platforms, path, error, code, said):
    platforms.upset[path] = [(400, {"error": error})]
    found, told = sentence(desk.post("instagram"))
    assert (found, said in told) == (code, True), told
    assert desk.posted == (0, 0)
    assert desk.post("instagram")["ending"] == "ok", "a retry posts what was surely not"
    assert desk.posted == (0, 1)


def test_who_may_see_it_is_asked_of_tiktok_before_anything_is_sent(desk, platforms):
    assert "who was chosen to see it" in sentence(desk.post("tiktok", privacy="FOLLOWER_OF_CREATOR"))[1]
    assert "at most 600 seconds" in sentence(desk.post("tiktok", clip={**desk.bytes, "seconds": 601}))[1]
    assert platforms.times("init") == 0


def test_before_one_is_sent_anything_the_other_has_been_asked_too(desk, platforms):
    carried = {"tiktok": {**desk.account, "token": EXPIRED}, "instagram": desk.account}
    assert sentence(desk.post(carried=carried))[0] == "not_connected"
    assert sentence(desk.post(carried={"instagram": desk.account}))[0] == "not_connected"
    assert platforms.times("ig-api-upload") == platforms.times("init") == 0


def test_instagrams_limit_of_a_day_is_said_before_it_is_sent(desk, platforms):
    platforms.quota = (50, 50)
    code, said = sentence(desk.post("instagram"))
    assert (code, "takes 50 posts of an account in 24 hours" in said) == ("rate_limited", True)
    assert platforms.times("ig-api-upload") == 0


def test_a_short_limit_is_waited_for_and_of_a_long_one_it_is_said_until_when(desk, platforms):
    limit = {"error": {"code": "rate_limit_exceeded"}}
    platforms.upset["/v2/post/publish/video/init"] = [(429, limit, {"Retry-After": "0"})]
    assert desk.post("tiktok")["ending"] == "ok"
    platforms.upset["/v24.0/178/media"] = [(429, {}, {"Retry-After": "7200"})]
    code, said = sentence(desk.post("instagram"))
    assert code == "rate_limited"
    assert re.search(r"until about [0-9]{2}:[0-9]{2} UTC\. Retry it then\.$", said)
    usage = {"X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": 90}]}'}
    platforms.upset["/v24.0/178/media"] = [(403, {"error": {"code": 80002}}, usage)]
    assert "until about" in sentence(desk.post("instagram"))[1]


def test_a_clip_that_a_platform_cannot_process_is_said_and_a_retry_begins_anew(desk, platforms):
    platforms.fail_reason, platforms.container_status = "frame_rate_check_failed", "ERROR"
    assert sentence(desk.post("tiktok")) == ("posting_refused", "TikTok does not take the frame rate of this clip.")
    assert sentence(desk.post("instagram")) == ("posting_refused", "Instagram cannot use the format of this clip.")
    platforms.fail_reason = platforms.container_status = ""
    assert desk.post()["ending"] == "ok"
    assert (desk.posted, platforms.times("init")) == ((1, 1), 2)


def test_a_platform_that_takes_for_ever_is_asked_again_later_and_sent_nothing_twice(desk, platforms):
    platforms.seconds = 60
    assert sentence(desk.post("instagram"))[0] == sentence(desk.post("tiktok"))[0] == "platform_slow"
    platforms.seconds = 0
    assert desk.post()["ending"] == "ok"
    assert (platforms.times("PUT"), platforms.times("ig-api-upload"), desk.posted) == (1, 1, (1, 1))


def test_nobody_answers_and_that_is_said(desk, platforms):
    platforms.stop()
    assert sentence(desk.post("tiktok"))[0] == "platform_unreachable"
    platforms.stop = lambda: None


def test_a_pause_is_heard_while_a_platform_works_and_what_it_has_is_not_sent_again(desk, platforms):
    platforms.seconds = 60
    assert desk.post("instagram", stop=pack({"stop": "pause"}))["ending"] == "paused"
    platforms.seconds, platforms.heard = 0, lambda: None
    assert desk.post("instagram")["ending"] == "ok"
    assert desk.posted == (0, 1)


@pytest.mark.parametrize("size", [1, 5_000_000, CHUNK, 2 * CHUNK - 1, 2 * CHUNK, 64_000_001, 700_000_000])
def test_chunks_are_as_tiktok_wants_them(size):
    parts = list(chunks(size))
    assert [first for first, _ in parts] == [sum(count for _, count in parts[:n]) for n in range(len(parts))]
    assert sum(count for _, count in parts) == size
    assert len(parts) == max(1, size // CHUNK)
    assert len(parts) == 1 or all(5_000_000 <= count <= 64_000_000 for _, count in parts)


def test_a_large_clip_goes_in_chunks_and_on_from_the_one_that_broke_off(desk, platforms):
    desk.clip(bytes(3 * CHUNK + 17))
    platforms.upset["/upload/"] = [(206, {}), (503, {})]  # the first is taken in word only
    outcome = desk.post("tiktok")
    assert outcome["ending"] == "ok", outcome
    [upload] = platforms.uploads.values()
    assert len(upload["body"]) == 3 * CHUNK + 17


def test_an_upload_address_that_has_ended_is_replaced_and_the_old_one_never_posts(desk, platforms):
    platforms.ended_addresses.add("v_pub_file~1")
    assert desk.post("tiktok")["ending"] == "ok"
    assert (platforms.times("init"), desk.posted) == (2, (1, 0))


def test_an_address_that_has_ended_since_all_of_it_arrived_is_not_replaced(desk, platforms):
    """As where a machine that was given up has sent the rest meanwhile."""
    platforms.seconds = 60
    assert sentence(desk.post("tiktok"))[0] == "platform_slow"
    platforms.seconds = 0
    platforms.ended_addresses.add("v_pub_file~1")
    before = {"data": {"status": "PROCESSING_UPLOAD", "uploaded_bytes": 0}, "error": {"code": "ok"}}
    platforms.upset["/v2/post/publish/status"] = [(200, before)]
    assert desk.post("tiktok")["ending"] == "ok"
    assert (platforms.times("init"), desk.posted) == (1, (1, 0))


def test_two_attempts_side_by_side_post_it_once(desk, platforms):
    """As where a machine that was given up works on."""
    outcomes, platforms.seconds = [], 0.2
    both = [threading.Thread(target=lambda: outcomes.append(desk.post())) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert desk.posted == (1, 1)
    assert platforms.times("media_publish") == 1
    assert "ok" in {outcome["ending"] for outcome in outcomes}
    assert {outcome["code"] for outcome in outcomes} <= {"", "posting_unknown"}


LABEL = {"tiktok": "TikTok", "instagram": "Instagram"}
LET_GO = "this export no longer posts the clip, and no other was begun in its place. Post the clip again."


@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
def test_what_the_site_has_given_to_another_export_is_posted_by_this_one_no_more(desk, platform):
    kept = Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform=platform)
    assert kept.let_go(SITE) == "free"
    assert sentence(desk.post(platform)) == ("superseded", f"{LABEL[platform]}: {LET_GO}")
    code, said = sentence(desk.post(platform, given=[platform]))
    assert (code, "Another export was asked to post this clip" in said) == ("superseded", True)
    assert desk.posted == (0, 0)
    assert kept.let_go(SITE) == "free"


@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
def test_what_is_given_away_while_it_is_sent_is_not_begun_anew(desk, platforms, platform):
    kept = Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform=platform)
    desk.clip(bytes(2 * CHUNK))
    found = []

    def heard():
        if "upload/" in platforms.asked[-1][1] and not found:
            found.append(kept.let_go(SITE))

    platforms.heard = heard
    platforms.upset["/upload/"], platforms.upset["/ig-api-upload/"] = [(403, {})], [(503, {})]
    outcome = desk.post(platform)
    assert found == ["free"]
    assert sentence(outcome)[0] == "superseded"
    assert desk.posted == (0, 0)


def test_what_is_given_away_while_it_is_processed_is_not_begun_anew_when_that_fails(desk, platforms):
    kept = Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform="instagram")
    platforms.container_status = "EXPIRED"
    platforms.heard = lambda: kept.let_go(SITE) if platforms.asked[-1][1] == "/v24.0/c1" else None
    assert sentence(desk.post("instagram"))[0] == "superseded"
    platforms.container_status, platforms.heard = "", lambda: None
    assert sentence(desk.post("instagram"))[0] == "superseded"
    assert desk.posted == (0, 0)


def test_what_a_person_has_looked_for_and_posts_by_another_export_is_posted_by_this_one_no_more(desk, platforms):
    kept = Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform="instagram")
    platforms.upset["/v24.0/178/media_publish"] = [(503, {})]
    assert sentence(desk.post("instagram"))[0] == "posting_unknown"
    assert kept.let_go(SITE, looked=True) == "claimed"
    platforms.container_status = "EXPIRED"
    assert sentence(desk.post("instagram"))[0] == "platform_slow"
    platforms.container_status = ""
    assert sentence(desk.post("instagram"))[0] == "superseded"
    assert desk.posted == (0, 0)


def test_what_another_attempt_has_claimed_is_not_begun_anew_though_an_upload_broke_off(desk, platforms):
    """As where a machine that was given up still sends, while the next one has sent and posted it."""
    kept = Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform="instagram")
    platforms.heard = lambda: kept.claim(1, WORK) if "/ig-api-upload/" in platforms.asked[-1][1] else None
    platforms.upset["/ig-api-upload/"] = [(503, {})]
    assert sentence(desk.post("instagram"))[0] == "posting_unknown"
    assert (platforms.times("media_publish"), desk.posted) == (0, (0, 0))


def test_of_site_and_work_that_claim_at_the_same_moment_one_has_it(desk):
    for number in range(20):
        kept = [
            Kept(store=desk.store, place="projects/p/chunks", export=f"e{number}", platform="tiktok") for _ in range(2)
        ]
        found, ready = {}, threading.Barrier(2)

        def claim(mine, by, found=found, ready=ready):
            ready.wait()
            found[by] = mine.claim(1, by)

        both = [threading.Thread(target=claim, args=pair) for pair in zip(kept, (SITE, WORK), strict=True)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert sorted(found.values()) == ["mine", "theirs"]


def test_a_clip_that_is_no_longer_kept_is_said(desk):
    desk.store.delete(desk.bytes["key"])
    assert sentence(desk.post())[0] == "input_missing"


# Another account is connected meanwhile

MARIA = {"token": "act.good", "id": "179", "name": "maria"}
NOT_HERS = (400, {"data": {}, "error": {"code": "token_not_authorized_for_specified_publish_id"}})


@pytest.fixture
def half_sent(desk, platforms):
    """All but the last bytes of it, which may have arrived: nobody has said."""
    platforms.upset["/upload/"] = [(503, {})] * 6
    assert sentence(desk.post("tiktok"))[0] == "platform_unreachable"
    platforms.upset.clear()
    return Kept(store=desk.store, place="projects/p/chunks", export=EXPORT, platform="tiktok")


@pytest.mark.parametrize("said", [NOT_HERS, (400, {"data": {}, "error": {"code": "something_new"}})])
def test_what_may_be_posted_as_one_account_is_not_posted_as_another_and_it_is_said_what_to_do(
    desk, platforms, half_sent, said
):
    olga, desk.account = desk.account, MARIA
    platforms.upset["/v2/post/publish/status"] = [said]
    code, told = sentence(desk.post("tiktok"))
    assert code == "other_account"
    assert "as olga" in told
    assert "Connect that account again, then retry" in told
    assert "say that you have looked" in told
    assert (platforms.times("init"), desk.posted) == (1, (0, 0))
    desk.account = olga
    assert desk.post("tiktok")["ending"] == "ok"
    assert (platforms.times("init"), desk.posted) == (1, (1, 0))


def test_what_a_person_has_looked_for_at_the_account_before_is_posted_by_the_old_export_no_more(desk, half_sent):
    assert half_sent.let_go(SITE, looked=True) == "claimed"
    assert sentence(desk.post("tiktok"))[0] == "superseded"
    assert desk.posted == (0, 0)


@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
def test_what_cannot_be_posted_yet_is_begun_anew_as_the_account_that_is_connected_now(desk, platforms, platform):
    desk.clip(bytes(2 * CHUNK))
    platforms.upset["/upload/"] = [(503, {})] * 6
    platforms.container_status = "IN_PROGRESS"
    assert sentence(desk.post(platform))[0] in ("platform_unreachable", "platform_slow")
    platforms.upset.clear()
    platforms.container_status = ""
    desk.account = MARIA
    assert desk.post(platform)["ending"] == "ok"
    assert desk.posted == (platform == "tiktok", platform == "instagram")
    begun = platforms.uploads if platform == "tiktok" else platforms.containers
    assert len(begun) == 2
