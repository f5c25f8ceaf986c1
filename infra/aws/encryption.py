"""The key of what names people: tables, queues and secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from engage_sms.config import Config
from infra.aws.deployment import Deployment

READS = ("kms:Decrypt", "kms:DescribeKey")
SENDS = ("kms:Decrypt", "kms:GenerateDataKey")
WRITES = (
    *READS,
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What SQS asks of a sender's key, and DynamoDB of a writer's."""


@dataclass(frozen=True)
class Encryption:
    """How the stack encrypts: under `key`, or where that is None under keys that AWS owns.

    Logs and events hold ids only, and stay with CloudWatch's and EventBridge's own keys.
    """

    key: kms.IKey | None = None

    def encrypt(self, table: dynamodb.TableV2) -> None:
        """By overrides: the construct's own way to say it wants to know the region when the template is made."""
        if self.key is not None:
            made = cast("dynamodb.CfnGlobalTable", table.node.default_child)
            made.add_property_override("SSESpecification", {"SSEEnabled": True, "SSEType": "KMS"})
            made.add_property_override("Replicas.0.SSESpecification.KMSMasterKeyId", self.key.key_arn)

    @property
    def queue(self) -> sqs.QueueEncryption:
        return sqs.QueueEncryption.SQS_MANAGED if self.key is None else sqs.QueueEncryption.KMS

    @property
    def parameters_key(self) -> str:
        """The key that new secrets are encrypted under, as Parameter Store takes it."""
        return Config.secrets_key if self.key is None else self.key.key_arn

    def grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> None:
        """Services decrypt in the name of who calls them, so a caller needs the key as well."""
        if self.key is not None:
            self.key.grant(grantee, *actions)


def encryption(scope: Construct, id_: str, *, deployment: Deployment) -> Encryption:
    """A key that is renewed each year and outlives the stack, when the stage has one of its own."""
    if not deployment.stage.own_key:
        return Encryption()
    key = kms.Key(
        scope,
        id_,
        alias=f"alias/{deployment.stack_name}",
        description=f"{deployment.stack_name}: tables, queues and secrets",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN if deployment.stage.keeps_data else RemovalPolicy.DESTROY,
    )
    # EventBridge puts what it could not deliver into dead-letter queues, in its own name.
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return Encryption(key)
