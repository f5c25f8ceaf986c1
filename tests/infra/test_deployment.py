"""Context values: what they mean, and the one sentence that a wrong one gets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from infra.aws.deployment import STAGES, Deployment, WrongContext


def test_without_context_it_is_development_with_tokens_of_its_own() -> None:
    """A first synth needs no answer to any question."""
    nothing: dict[str, str] = {}
    deployment = Deployment.read(nothing.get)

    assert deployment.stage.name == "dev"
    assert deployment.jwt_issuer is None
    assert deployment.name("state") == "engage-sms-dev-state"
    assert deployment.parameter_prefix == "/engage-sms/dev"


def test_an_audience_may_have_several_members() -> None:
    """Commas and blanks both separate them."""
    context = {"jwt_issuer": "https://login.example.com", "jwt_audience": "console, crm"}

    assert Deployment.read(context.get).jwt_audience == ("console", "crm")


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"stage": "staging"}, 'There is no stage "staging": pass -c stage= one of dev, prod.'),
        ({"jwt_issuer": "https://login.example.com"}, "Pass both -c jwt_issuer=… and -c jwt_audience=…"),
        ({"jwt_audience": "console"}, "Pass both -c jwt_issuer=… and -c jwt_audience=…"),
        ({"public_url": "http://sms.example.com"}, "pass -c public_url= an address that starts with https://"),
        ({"python": "3"}, "python is 3: pass -c python= a version such as 3.13."),
        ({"architecture": "arm"}, "architecture is arm: pass -c architecture= one of arm64, x86_64."),
        ({"jwt_issuer": "login", "jwt_audience": "x"}, "pass -c jwt_issuer= an address that starts with https://"),
    ],
)
def test_a_wrong_value_gets_one_sentence_that_says_what_to_pass(context: Mapping[str, str], sentence: str) -> None:
    """Nothing is made from a context that cannot be meant."""
    with pytest.raises(WrongContext) as refused:
        Deployment.read(context.get)

    assert sentence in str(refused.value)


def test_only_development_forgets_its_data() -> None:
    """Every other stage protects it."""
    assert {stage.name for stage in STAGES.values() if not stage.keeps_data} == {"dev"}
