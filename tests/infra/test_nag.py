"""AWS's own rules, the pack AwsSolutions of cdk-nag: clean, but for what is acknowledged with a reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra.aws.acknowledged import ACKNOWLEDGED, Acknowledged
from infra.aws.wildcards import ACTIONS, WILDCARDS
from tests.infra.synthesized import Template

WILDCARD = "AwsSolutions-IAM5"


def test_every_finding_is_acknowledged_with_a_reason(template: Template, production: Template) -> None:
    """A finding that nobody gave thought to is refused."""
    unanswered = [each for each in (template.findings | production.findings) if not _answered(*each)]

    assert template.findings
    assert unanswered == []


def test_no_acknowledgement_outlives_its_finding(template: Template, production: Template) -> None:
    """What the rules find no more is not excused any more; each excuse says why."""
    found = template.findings | production.findings
    needless = [each for each in ACKNOWLEDGED if not any(_covers(each, *finding) for finding in found)]

    assert needless == []
    assert all(each.reason for each in ACKNOWLEDGED)


def _answered(rule: str, path: str) -> bool:
    if rule.startswith(WILDCARD):
        what, _, value = rule.removeprefix(f"{WILDCARD}[").removesuffix("]").partition("::")
        return value in ACTIONS if what == "Action" else _narrow(value)
    return any(_covers(each, rule, path) for each in ACKNOWLEDGED)


def _narrow(resource: str) -> bool:
    """As tests/infra/test_permissions.py has it, where the actions are looked at as well."""
    endings = {each.resource for each in WILDCARDS}
    return resource in endings or any(fnmatchcase(resource, f"?*{each}") for each in endings - {"*"})


def _covers(each: Acknowledged, rule: str, path: str) -> bool:
    return rule == each.rule and path.endswith(each.paths)
