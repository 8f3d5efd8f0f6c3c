"""The document is true: whatever it allows is answered as it says, and nothing makes the server fail."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from apps.api.serving import Served, serving
from shared_data import REPOSITORY
from strikewise.apps.api.app import routes

DOCUMENT = routes().openapi()
EXAMPLES = 5 if settings.default.max_examples <= 100 else 200
"""Of each operation; more under `--hypothesis-profile long`."""
STEPS = 3 if settings.default.max_examples <= 100 else 300
"""Walks from one operation to others."""
NEVER_ENDS = "/stream"
# A copy: where answers lead, schemathesis adds what it guesses itself.
schema = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT)).exclude(path_regex=rf"{NEVER_ENDS}$")

walks = schema.exclude(path_regex=r"/tokens/|/settings$|/backtests$|/scan$")
"""What may be tried in any order: no token is taken back, no setting replaced, and no work begun."""

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


def test_answers_that_lead_on_lead_to_what_the_document_says(tried: tuple[Served, str]) -> None:
    """Walk from lists to their items, and from commands to what became of them, as the links say."""
    served, token = tried

    class Walk(walks.as_state_machine()):  # type: ignore[misc]  # made of the document
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"base_url": served.url, "headers": {"Authorization": f"Bearer {token}"}}

        def validate_response(
            self, response: Any, case: schemathesis.Case, additional_checks: Any = None, **rest: Any
        ) -> None:
            case.validate_response(response, checks=HELD)

    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=STEPS,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


def links() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (verb, path, link)
        for path, verbs in DOCUMENT["paths"].items()
        for verb, operation in verbs.items()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]


def test_every_link_of_the_document_leads_to_what_it_says(tried: tuple[Served, str]) -> None:
    """A list leads to its first item, a command to what became of it, what takes long to how far it is."""
    served, _ = tried
    found = 0
    with served.program() as program:
        for verb, path, link in links():
            body = {"strategy": "told"} if path.endswith("/claim") else {}
            if "{signal_id}/" in path or "backtests" in path:
                continue  # answered otherwise here: tried where signals wait, and where runs are made
            source = re.sub(r"\{\w+\}", "SPY", path)
            answer = program.request(verb, served.url + source, json=body if verb == "post" else None)
            assert answer.status_code in {200, 202}, (source, answer.text)
            ((name, pointer),) = link["parameters"].items()
            value = answer.json()
            for part in pointer.removeprefix("$response.body#/").split("/"):
                value = value[int(part) if part.isdigit() else part]
            (target,) = (
                address
                for address, verbs in DOCUMENT["paths"].items()
                if verbs.get("get", {}).get("operationId") == link["operationId"]
            )
            told = program.get(served.url + target.replace(f"{{{name}}}", str(value)))
            assert told.status_code == 200, (target, told.text)
            found += 1
    assert found >= 15


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
