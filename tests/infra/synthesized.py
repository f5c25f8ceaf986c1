"""A synthesized template, and questions to it."""

from __future__ import annotations

from typing import Any

PHYSICAL_NAMES = ("FunctionName", "TableName", "QueueName", "LogGroupName", "Name")


class Template:
    """The CloudFormation template of one deployment. Resources are asked for by type, or by their physical names.

    `watching` is the template of what watches it, `findings` what AWS's own rules say of both.
    """

    def __init__(self, body: dict[str, Any], *, stack_name: str) -> None:
        self.body = body
        self.watching: Template | None = None
        self.findings: set[tuple[str, str]] = set()
        self.stack_name = stack_name

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id of every resource of the type, `Lambda::Function` for short."""
        resources = self.body["Resources"].items()
        return {name: each.get("Properties", {}) for name, each in resources if each["Type"] == f"AWS::{kind}"}

    def function(self, name: str) -> dict[str, Any]:
        """Properties of the function of that topology name."""
        full = f"{self.stack_name}-{name}"
        return next(each for each in self.of("Lambda::Function").values() if each["FunctionName"] == full)

    def role(self, name: str) -> str:
        """The logical id of that function's role."""
        role: str = self.function(name)["Role"]["Fn::GetAtt"][0]
        return role

    def text(self, value: Any) -> str:
        """A value as it will read, with physical names in place of references to resources of the stack."""
        if isinstance(value, dict):
            [(intrinsic, argument)] = value.items()
            if intrinsic == "Fn::Join":
                return str(argument[0]).join(self.text(part) for part in argument[1])
            logical = argument if intrinsic == "Ref" else argument[0]
            resource = self.body["Resources"].get(logical, {}).get("Properties", {})
            return str(next((resource[name] for name in PHYSICAL_NAMES if name in resource), logical))
        return str(value)

    def short(self, value: Any) -> str:
        """As `text`, without what all physical names begin with."""
        return self.text(value).removeprefix(f"{self.stack_name}-")

    def statements(self, role: str) -> list[dict[str, Any]]:
        """The statements of the role's own policies, with actions and resources as lists."""
        policies = [each for each in self.of("IAM::Policy").values() if {"Ref": role} in each["Roles"]]
        found = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
        return [each | {key: as_list(each[key]) for key in ("Action", "Resource")} for each in found]

    def allowed(self, role: str, action: str) -> set[str]:
        """The resources on which the role may do `action`, by their short names."""
        granting = [each for each in self.statements(role) if action in each["Action"]]
        return {self.short(resource) for statement in granting for resource in statement["Resource"]}

    def queue(self, name: str) -> dict[str, Any]:
        """Properties of the queue of that topology name."""
        full = f"{self.stack_name}-{name}"
        return next(each for each in self.of("SQS::Queue").values() if each["QueueName"] == full)

    def mapping(self, function: str, source: str) -> dict[str, Any]:
        """The event source mapping from that queue or table to that function."""
        return next(
            each
            for each in self.of("Lambda::EventSourceMapping").values()
            if self.short(each["FunctionName"]) == function and self.short(each["EventSourceArn"]) == source
        )


def as_list(value: Any) -> list[Any]:
    """IAM writes a list of one as its one element."""
    return value if isinstance(value, list) else [value]
