"""Twilio's tokens as parameters. The stack grants their use; operators and the system itself put them there."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment
from infra.aws.encryption import Encryption

ONE = (topology.Secret.PARENT,)
"""Secrets that are one parameter; every other is a path with a parameter for each organization."""


class Secrets(Construct):
    """Grants reading and writing of the topology's secrets, use of the key they are encrypted under included."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, encryption: Encryption) -> None:
        super().__init__(scope, id_)
        self._prefix = deployment.parameter_prefix.removeprefix("/")
        self._encryption = encryption

    def grant_read(self, secret: topology.Secret, grantee: iam.IGrantable) -> None:
        """Lets `grantee` read the secret's value."""
        iam.Grant.add_to_principal(grantee=grantee, actions=["ssm:GetParameter"], resource_arns=[self._arn(secret)])
        self._encryption.grant(grantee, ["kms:Decrypt"])

    def grant_write(self, secret: topology.Secret, grantee: iam.IGrantable) -> None:
        """Lets `grantee` put a value in the place of the secret's."""
        iam.Grant.add_to_principal(grantee=grantee, actions=["ssm:PutParameter"], resource_arns=[self._arn(secret)])
        self._encryption.grant(grantee, ["kms:Encrypt"])

    def _arn(self, secret: topology.Secret) -> str:
        path = f"{self._prefix}/{secret.value}{'' if secret in ONE else '/*'}"
        return Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=path, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )
