import html
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from exports.api.dialects.site import dialects
from exports.api.problems import TITLES
from exports.api.v1.site import api

APIS = [api, dialects]
ROOT = Path(__file__).parent.parent.parent.parent


def operations(each):
    for path, verbs in each.get_openapi_schema()["paths"].items():
        yield from ((f"{verb} {path}", operation) for verb, operation in verbs.items())


@pytest.mark.django_db
def test_the_page_names_every_operation_and_every_problem(visitor):
    page = html.unescape(visitor.get("/api/docs").text)
    for each in APIS:
        assert not [name for name, told in operations(each) if told["summary"] not in page]
    assert not [code for code in TITLES if f'id="problem-{code}"' not in page]


@pytest.mark.parametrize("each", APIS)
def test_every_operation_is_summed_up_and_says_how_it_refuses(each):
    for name, told in operations(each):
        assert told["summary"][0].isupper(), name
        assert {"401", "404", "422", "429"} <= set(map(str, told["responses"])), name


@pytest.mark.parametrize("address", ["/api/v1/openapi.json", "/api/dialects.json"])
def test_the_machines_copy_is_there_for_everybody(visitor, address):
    document = json.loads(visitor.get(address).content)
    assert document["openapi"].startswith("3.")
    assert document["paths"]


@pytest.mark.django_db
def test_so_it_is_to_a_script_that_sends_something_there():
    answer = Client(enforce_csrf_checks=True).post("/api/v1/exports/5aaa/retry")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_an_address_that_no_operation_has_is_told_as_a_problem(visitor):
    answer = visitor.get("/api/v1/nothing/here")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(("pushed", "said"), [(":8001", "it is at port 8001."), ("", "Ask /api/v1/jobs every two")])
def test_where_no_news_is_pushed_it_is_told_where_to_ask(visitor, settings, pushed, said):
    settings.PROGRESS_PUSH = pushed
    answer = visitor.get("/api/v1/stream")
    assert answer.status_code == 404
    assert said in answer.json()["detail"]


def test_the_example_for_uppy_is_what_uppy_is_tried_with():
    blocks = re.findall(r"```js\n(.*?)```", (ROOT / "docs/API.md").read_text(), re.DOTALL)
    example = next(block for block in blocks if "AwsS3" in block).splitlines()
    tried = (ROOT / "tests/uppy/page.js").read_text().splitlines()
    assert len(example) > 5
    assert [line for line in example if line not in tried] == []
