# ruff: noqa: PLC0415 - boto3 takes long to import, and a folder does without it
"""Keys to the bucket for one attempt: they open what its work needs, nothing else, and end by themselves."""

import http.client
import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from exports.runners.base import NotReached, NotReady, Ordered
from exports.store_said import OF_THE_KEY
from modal_functions.stores import ENDS

SECONDS = 10.0  # for one question to who makes them
HOUR = 3600
NONE = (
    "Work cannot be given a key of its own to the bucket. Set LONGHAUL_STORE_GRANTS to sts or r2,"
    " and what belongs to it: manage.py check says what is missing."
)
STS = "Look at LONGHAUL_STORE_GRANTS_ROLE, and at what LONGHAUL_STORE_KEY may do: docs/STORE.md has it."
OF_CLOUDFLARE = "Look at LONGHAUL_STORE_GRANTS_TOKEN, and whether it may edit R2."
ENDPOINT = "Look at LONGHAUL_STORE_GRANTS_ENDPOINT and LONGHAUL_STORE_KEY."


class NoKeyNow(NotReached):
    """The way to who makes them is closed; the runner itself was never asked."""

    away = "store"


class NoKey(NotReady):
    """Who makes them refuses."""

    away = "refused"


def of(ordered: Ordered) -> dict[str, Any]:
    """What takes the place of the site's own keys in the description of the store."""
    match settings.GRANTS:
        case "sts":
            return _sts(ordered)
        case "r2":
            return _r2(ordered)
    raise NoKey(NONE)


def written(ordered: Ordered) -> list[str]:
    return [f"{ordered.keys.folder}/", f"projects/{ordered.project}/chunks/"]


def read(ordered: Ordered) -> list[str]:
    return [f"projects/{ordered.project}/sources/", *ordered.reads]


def policy(ordered: Ordered) -> dict[str, Any]:
    """Listing is bound to the same places: without it, S3 calls forbidden what is only not there."""
    bucket = f"arn:aws:s3:::{settings.STORE_BUCKET}"
    own, seen = ([_whole(place) for place in places] for places in (written(ordered), read(ordered)))
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                "Resource": [f"{bucket}/{place}*" for place in own],
            },
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{bucket}/{place}*" for place in seen]},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": [f"{place}*" for place in (*own, *seen)]}},
            },
        ],
    }


def _whole(place: str) -> str:
    return f"{settings.STORE_PREFIX}/{place}" if settings.STORE_PREFIX else place


# STS: Amazon's, MinIO's and others'


def _sts(ordered: Ordered) -> dict[str, Any]:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    client = boto3.session.Session().client(
        "sts",
        endpoint_url=settings.GRANTS_ENDPOINT or f"https://sts.{settings.STORE_REGION}.amazonaws.com",
        region_name=settings.STORE_REGION,
        aws_access_key_id=settings.STORE_KEY,
        aws_secret_access_key=settings.STORE_SECRET,
        config=Config(connect_timeout=3, read_timeout=SECONDS, retries={"mode": "standard", "total_max_attempts": 2}),
    )
    limits: dict[str, Any] = {"Policy": json.dumps(policy(ordered)), "DurationSeconds": settings.GRANTS_HOURS * HOUR}
    name = f"attempt-{ordered.keys.number}-{ordered.token}"[:32]
    try:
        if settings.GRANTS_ROLE:
            made = client.assume_role(RoleArn=settings.GRANTS_ROLE, RoleSessionName=name, **limits)["Credentials"]
        else:
            made = client.get_federation_token(Name=name, **limits)["Credentials"]
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        raise _refused("The STS", status, OF_THE_KEY.get(code, STS), code) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise NoKeyNow(f"The STS does not answer: {type(error).__name__}.") from error
    finally:
        client.close()
    key = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "session": made["SessionToken"]}
    return {**key, ENDS: made["Expiration"].isoformat()}


# R2: its own interface, in which one key can either read or write wherever it reaches


def _r2(ordered: Ordered) -> dict[str, Any]:
    ends = timezone.now() + timedelta(hours=settings.GRANTS_HOURS)
    own, seen = written(ordered), read(ordered)
    return {
        ENDS: ends.isoformat(),
        **_r2_key("object-read-write", own),
        "reading": {"below": seen if ordered.reads else seen[0], **_r2_key("object-read-only", seen)},
    }


def _r2_key(permission: str, places: list[str]) -> dict[str, str]:
    asked = {
        "bucket": settings.STORE_BUCKET,
        "parentAccessKeyId": settings.STORE_KEY,
        "permission": permission,
        "ttlSeconds": settings.GRANTS_HOURS * HOUR,
        "prefixes": [_whole(place) for place in places],
    }
    made = _posted(asked).get("result")
    if not isinstance(made, dict) or not all(made.get(name) for name in ("accessKeyId", "secretAccessKey")):
        raise NoKey("Cloudflare answers without a key. Look at LONGHAUL_STORE_GRANTS_ENDPOINT.")
    return {
        "key": made["accessKeyId"],
        "secret": made["secretAccessKey"],
        "session": str(made.get("sessionToken") or ""),
    }


def _posted(asked: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the settings take http and https only
        settings.GRANTS_ENDPOINT,
        json.dumps(asked).encode(),
        {"Authorization": f"Bearer {settings.GRANTS_TOKEN}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        todo = OF_CLOUDFLARE if error.code in (401, 403) else ENDPOINT
        raise _refused("Cloudflare", error.code, todo) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoKeyNow(f"Cloudflare does not answer: {type(error).__name__}.") from error
    except ValueError as error:
        raise NoKey("Cloudflare answers with something else. Look at LONGHAUL_STORE_GRANTS_ENDPOINT.") from error
    return told if isinstance(told, dict) else {}


def _refused(who: str, status: int, todo: str, code: str = "") -> NoKeyNow | NoKey:
    answer = f"{status} {code}".strip()
    if status == 429 or status >= 500:
        return NoKeyNow(f"{who} cannot make a key for the attempt now: it answers {answer}.")
    return NoKey(f"{who} refuses to make a key for the attempt: it answers {answer}. {todo}")
