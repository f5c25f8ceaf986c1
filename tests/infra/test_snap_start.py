"""SnapStart by context: functions that somebody waits for start from a snapshot, and are called by their alias."""

from __future__ import annotations

import pytest

from engage_sms import topology
from infra.aws.deployment import Deployment, WrongContext
from infra.aws.function import LIVE
from tests.infra.synthesized import Template

WAITED_FOR = {function.name for function in topology.FUNCTIONS if function.routes}


@pytest.fixture(scope="module")
def snapped(synthesize: object) -> Template:
    template: Template = synthesize(snap_start="true")  # type: ignore[operator]
    return template


def test_functions_that_somebody_waits_for_start_from_a_snapshot(snapped: Template) -> None:
    """With every client made before it; the others start as they did."""
    for function in topology.FUNCTIONS:
        made = snapped.function(function.name)
        variables = made["Environment"]["Variables"]

        assert ("SnapStart" in made) is (function.name in WAITED_FOR)
        assert variables.get("CLIENTS", "") == (" ".join(function.services) if function.name in WAITED_FOR else "")


def test_they_are_called_by_the_alias_of_their_published_version(snapped: Template) -> None:
    """An unpublished version has no snapshot: the API never calls one."""
    aliases = snapped.of("Lambda::Alias")
    targets = [str(each["IntegrationUri"]) for each in snapped.of("ApiGatewayV2::Integration").values()]

    assert len(aliases) == len(snapped.of("Lambda::Version")) == len(WAITED_FOR)
    assert {alias["Name"] for alias in aliases.values()} == {LIVE}
    assert targets
    assert all(any(id_ in target for id_ in aliases) for target in targets)


def test_without_the_option_nothing_is_published(template: Template) -> None:
    """A deployment has then one version of each function, and no aliases."""
    assert template.of("Lambda::Alias") == template.of("Lambda::Version") == {}


def test_another_word_is_a_sentence() -> None:
    """It says what may be passed."""
    with pytest.raises(WrongContext, match="snap_start is yes: pass -c snap_start=true or leave it out"):
        Deployment.read({"snap_start": "yes"}.get)
