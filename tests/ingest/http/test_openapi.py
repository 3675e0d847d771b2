"""The OpenAPI document describes what the gateway answers: tried with generated requests, good and bad."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.ingest.http.conftest import Place

CHECKS: list[Any] = [
    allow_header_conformance,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.fixture
def document(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = place.client.get("/openapi.json").json()
    return found


def test_the_document_names_every_route_and_status(document: dict[str, Any]) -> None:
    paths = {"/events", "/events/batches/{batch}", "/hooks/{source}", "/healthz", "/readyz"}
    assert document["paths"].keys() == paths
    answers = document["paths"]["/events"]["post"]["responses"]
    assert answers.keys() == {"202", *map(str, (400, 401, 403, 408, 413, 415, 422, 429, 500, 503))}
    assert answers["429"]["headers"].keys() == {"Retry-After"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize(("shows_token", "examples"), [(True, 60), (False, 5)], ids=["token", "no token"])
def test_generated_requests_get_described_answers(
    place: Place, document: dict[str, Any], mode: GenerationMode, shows_token: bool, examples: int
) -> None:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=str(place.client.base_url))
    headers = {"Authorization": f"Bearer {place.token}"} if shows_token else {}
    seen: set[int] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @settings(
            max_examples=examples if operation.path == "/events" else 3,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def tried(case: Any) -> None:
            response = case.call(headers=headers)
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parts
            tried()
    assert seen & {400, 415, 422} if shows_token else seen & {401}
