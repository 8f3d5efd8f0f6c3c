"""The document is true: whatever it allows is answered as it says, and nothing makes the server fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from apps.api.serving import Served, serving
from shared_data import REPOSITORY
from strikewise.apps.api.app import routes

DOCUMENT = routes().openapi()
EXAMPLES = 5 if settings.default.max_examples <= 100 else 200
"""Of each operation; more under `--hypothesis-profile long`."""
NEVER_ENDS = "/stream"
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path_regex=rf"{NEVER_ENDS}$")

HELD = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A server that everything is tried on, and a token that may do all of it."""
    with serving(tmp_path_factory.mktemp("tried")) as served:
        yield served, served.token()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_the_document_says(
    tried: tuple[Served, str], case: schemathesis.Case
) -> None:
    served, token = tried
    headers = {"Authorization": f"Bearer {token}"}
    if case.path.endswith("/tokens/{token_id}"):
        return  # tried beside: it could take back the token that everything is tried with
    answer = case.call(base_url=served.url, headers=headers)
    case.validate_response(answer, checks=HELD)


def test_the_document_that_the_page_is_made_from_is_that_of_the_api() -> None:
    text = (REPOSITORY / "dashboard" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(text) == DOCUMENT, "run `python scripts/openapi.py`"


def test_every_operation_says_what_it_is_and_that_errors_are_problems() -> None:
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            assert operation["summary"], (verb, path)
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], (verb, path, status)


def test_an_answer_that_breaks_the_document_is_seen(tried: tuple[Served, str]) -> None:
    false = copy.deepcopy(DOCUMENT)
    answers = false["paths"]["/health/live"]["get"]["responses"]
    answers["200"]["content"]["application/json"]["schema"] = {"type": "object", "required": ["no"]}
    case = schemathesis.openapi.from_dict(false)["/health/live"]["GET"].Case()
    with pytest.raises(FailureGroup):
        case.validate_response(case.call(base_url=tried[0].url), checks=HELD)
