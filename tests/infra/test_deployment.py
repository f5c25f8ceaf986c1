"""Context values: what they mean, and the one sentence that a wrong one gets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from infra.aws.deployment import CONTEXT, STAGES, Deployment, WrongContext, check_names

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b-2c3d"


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
        ({"domain_name": "sms.example.com"}, "Pass both -c domain_name=… and -c certificate_arn=…"),
        ({"certificate_arn": CERTIFICATE}, "Pass both -c domain_name=… and -c certificate_arn=…"),
        ({"domain_name": "https://sms", "certificate_arn": CERTIFICATE}, "a name such as sms.example.com"),
        ({"domain_name": "sms.example.com", "certificate_arn": "mine"}, "the ARN of a certificate in ACM"),
        ({"hosted_zone_id": "Z1"}, "Pass -c domain_name=… with -c hosted_zone_id=…"),
        ({"alarm_email": "ops"}, "pass -c alarm_email= an address with an @"),
    ],
)
def test_a_wrong_value_gets_one_sentence_that_says_what_to_pass(context: Mapping[str, str], sentence: str) -> None:
    """Nothing is made from a context that cannot be meant."""
    with pytest.raises(WrongContext) as refused:
        Deployment.read(context.get)

    assert sentence in str(refused.value)


def test_the_public_address_follows_from_the_domain_name() -> None:
    """Another one can be given, for an API that stands behind something; its trailing slash does not count."""
    domain = {"domain_name": "sms.example.com", "certificate_arn": CERTIFICATE}
    behind = domain | {"public_url": "https://edge.example.com/"}

    assert Deployment.read(domain.get).public_url == "https://sms.example.com"
    assert Deployment.read(behind.get).public_url == "https://edge.example.com"


def test_every_named_value_is_read_and_no_other() -> None:
    """What `check_names` lets through is what `read` asks for."""
    asked = set()

    def ask(name: str) -> None:
        asked.add(name)

    Deployment.read(ask)

    assert asked == set(CONTEXT)


def test_a_misspelt_name_is_not_overlooked() -> None:
    """`stgae=prod` must not make a development; what the CDK itself passes is none of our business."""
    check_names(["stage", "aws:cdk:bundling-stacks", "@aws-cdk/core:target-partitions", "cli-telemetry"])
    with pytest.raises(WrongContext) as refused:
        check_names(["stgae"])

    assert str(refused.value).startswith("Nothing reads -c stgae=: there are stage, ")


def test_only_development_forgets_its_data() -> None:
    """Every other stage protects it."""
    assert {stage.name for stage in STAGES.values() if not stage.keeps_data} == {"dev"}
