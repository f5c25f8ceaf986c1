"""The tables of the topology, and what a function may do with them."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment, construct_id
from infra.aws.encryption import READS as DECRYPTS
from infra.aws.encryption import WRITES as ENCRYPTS
from infra.aws.encryption import Encryption

READS = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
WRITES = ("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
"""All that the adapters ask for, a transaction's parts included. Nobody scans, nobody describes or changes a table."""


class Tables(Construct):
    """On demand, restorable to any second of the last 35 days. `by_name` has them by topology name."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, encryption: Encryption) -> None:
        super().__init__(scope, id_)
        self._encryption = encryption
        self.by_name = {table.name: self._table(table, deployment) for table in topology.TABLES}

    def grant(self, table: topology.Table, grantee: iam.IGrantable, *, writes: bool) -> None:
        """Lets `grantee` read the table and its index, and write the table when it `writes`."""
        made = self.by_name[table.name]
        actions = [*READS, *(WRITES if writes else ())]
        iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[made.table_arn])
        if table.index:
            arn = f"{made.table_arn}/index/{table.index}"
            iam.Grant.add_to_principal(grantee=grantee, actions=["dynamodb:Query"], resource_arns=[arn])
        self._encryption.grant(grantee, ENCRYPTS if writes else DECRYPTS)

    def _table(self, table: topology.Table, deployment: Deployment) -> dynamodb.TableV2:
        keeps = deployment.stage.keeps_data
        made = dynamodb.TableV2(
            self,
            construct_id(table.name),
            # A name of its own makes a deploy that would replace the table fail: two cannot have it at once.
            table_name=deployment.name(table.name),
            partition_key=_text(table.partition_key),
            sort_key=_text(table.sort_key) if table.sort_key else None,
            billing=dynamodb.Billing.on_demand(),
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if table.stream else None,
            time_to_live_attribute=table.ttl,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=keeps,
            removal_policy=RemovalPolicy.RETAIN if keeps else RemovalPolicy.DESTROY,
        )
        self._encryption.encrypt(made)
        if table.index:
            made.add_global_secondary_index(
                index_name=table.index,
                partition_key=_text("ipk"),
                sort_key=_text("isk"),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        return made


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
