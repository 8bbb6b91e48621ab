"""The API's document: every operation says what it takes and answers, and answers what it says (schemathesis)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support.examples import TIMES
from support.office_settled import Settled

CHECKED = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
)  # fmt: skip
schemathesis = pytest.importorskip("schemathesis")


@pytest.fixture
def document(settled: Settled) -> Any:
    from django.test import Client

    return Client().get("/api/v1/openapi.json").json()


def test_every_operation_has_words_failures_and_an_example(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            assert operation["security"], (path, method)
            assert {"401", "404", "422", "429", "500"} <= operation["responses"].keys(), (path, method)
            said = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if said:
                assert shapes[said["$ref"].rpartition("/")[2]]["example"], (path, method)


def test_every_parameter_and_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    import jsonschema_rs

    count = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            (went_well,) = [said for status, said in operation["responses"].items() if int(status) < 300]
            said = went_well["content"]["application/json"]
            whole = {**said["schema"], "components": document["components"]}
            assert jsonschema_rs.validator_for(whole).is_valid(said["example"]), (method, path)
            for one in operation.get("parameters", ()):
                assert jsonschema_rs.validator_for(one["schema"]).is_valid(one["example"]), (
                    method,
                    path,
                    one["name"],
                )
            count += 1
    assert count >= 30


def test_the_page_shows_it_with_scripts_of_its_own_only(settled: Settled) -> None:
    page = settled.office.client("s1").get("/api")
    assert page.status_code == 200
    assert "https://" not in page.content.decode()
    assert "'unsafe-inline'" not in page["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize("role", ["H1", "B1"])
def test_every_operation_answers_as_the_document_says(settled: Settled, monkeypatch: Any, role: str) -> None:
    """Requests made up from the document, right and wrong, as an institution's system and as the bureau's."""
    from django.core.wsgi import get_wsgi_application

    from drgpay_web.api import actions
    from drgpay_web.api.models import SCOPES
    from drgpay_web.people import Unit

    office = settled.office
    unit = Unit.objects.get(pk=office.house_a.pk if role == "H1" else office.area.pk)
    _, text = actions.create_token(office.actor("s1"), unit=unit, name="HIS", scopes=SCOPES, reason="接入", role=role)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    monkeypatch.setattr("ninja.throttling.SimpleRateThrottle.allow_request", lambda *_: True)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        examine(operation, {"Authorization": f"Bearer {text}", "Accept-Encoding": "identity"})


def examine(operation: Any, headers: dict[str, str]) -> None:
    from hypothesis import given
    from schemathesis import checks

    right = [checks.CHECKS.get_one(name) for name in CHECKED]

    @settings(
        max_examples=2 * TIMES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def asked(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=right)

    asked()
