"""Templates, each made once in a session. Making one needs Node; everything else here does not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import app
from tests.infra.synthesized import Template

if TYPE_CHECKING:
    from aws_cdk import App

NO_BUNDLING: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}
WATCHING = "-watching.template.json"
Synthesize = Callable[..., Template]


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Makes the templates of a context, without the vendor layer's files: the system's, which knows what watches it."""
    if shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail(app.NO_NODE, pytrace=False)
        pytest.skip(f"not run: {app.NO_NODE}")

    def synthesized(**context: Any) -> Template:
        outdir = tmp_path_factory.mktemp("cdk.out")
        application = app.application(str(outdir), {**NO_BUNDLING, **context})
        findings = _findings(application)
        application.synth()
        [watching] = outdir.glob(f"*{WATCHING}")
        system = _read(Path(str(watching).replace(WATCHING, ".template.json")))
        system.watching, system.findings = _read(watching), findings
        return system

    return synthesized


def _read(path: Path) -> Template:
    return Template(json.loads(path.read_text()), stack_name=path.name.removesuffix(".template.json"))


def _findings(application: App) -> set[tuple[str, str]]:
    """What cdk-nag has to say: rule and construct."""
    from cdk_nag import AwsSolutionsChecks

    report = AwsSolutionsChecks(application).validate_scope(application)
    return {(each.rule_name, where.construct_path) for each in report.violations for where in each.violating_resources}


@pytest.fixture(scope="session")
def template(synthesize: Synthesize) -> Template:
    """The template without any context."""
    return synthesize()


@pytest.fixture(scope="session")
def watching(template: Template) -> Template:
    """The template of what watches that."""
    assert template.watching is not None
    return template.watching


@pytest.fixture(scope="session")
def production(synthesize: Synthesize) -> Template:
    """The template of production, with tokens and address of its own."""
    return synthesize(
        stage="prod",
        domain_name="sms.example.com",
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/0a1b-2c3d",
        hosted_zone_id="Z0123456789ABC",
        jwt_issuer="https://login.example.com/",
        jwt_audience="engage-sms",
        alarm_email="ops@example.com",
    )
