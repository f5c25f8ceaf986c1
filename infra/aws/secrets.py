"""Twilio's tokens as parameters. The stack grants their use; operators and the system itself put them there."""

from __future__ import annotations

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment

ONE = (topology.Secret.PARENT,)
"""Secrets that are one parameter; every other is a path with a parameter for each organization."""


class Secrets(Construct):
    """`by_name` has what a grant needs, by topology secret. They are encrypted under the account's `aws/ssm` key."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.by_name = {
            secret: ssm.StringParameter.from_secure_string_parameter_attributes(
                self,
                secret.name.capitalize(),
                parameter_name=f"{deployment.parameter_prefix}/{secret.value}{'' if secret in ONE else '/*'}",
            )
            for secret in topology.Secret
        }
