"""Who issues the tokens: the issuer of the context, or else a small user pool of the stack's own."""

from __future__ import annotations

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from engage_sms import topology
from engage_sms.config import Config
from infra.aws.deployment import Deployment


class Identity(Construct):
    """Exposes `issuer`, `audience`, and the names of the claims that say who, of which organization, in which roles."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.user_claim = deployment.user_claim or Config.user_claim
        if deployment.jwt_issuer:
            self.issuer, self.audience = deployment.jwt_issuer, list(deployment.jwt_audience)
            self.organization_claim = deployment.organization_claim or Config.organization_claim
            self.roles_claim = deployment.roles_claim or Config.roles_claim
            return
        pool = self._pool(deployment)
        client = self._client(pool)
        # The pool's ProviderURL in other words, which emulators know as well.
        self.issuer, self.audience = f"https://{pool.user_pool_provider_name}", [client.user_pool_client_id]
        self.organization_claim = "custom:org_id"
        self.roles_claim = "cognito:groups"
        for role in topology.Role:
            pool.add_group(role.capitalize(), group_name=role.value)
        CfnOutput(Stack.of(self), "UserPoolId", value=pool.user_pool_id)
        CfnOutput(Stack.of(self), "UserPoolClientId", value=client.user_pool_client_id)

    def _pool(self, deployment: Deployment) -> cognito.UserPool:
        """Only administrators make users, and nobody can move a user to another organization."""
        keeps = deployment.stage.keeps_data
        return cognito.UserPool(
            self,
            "Users",
            user_pool_name=deployment.name("users"),
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            custom_attributes={"org_id": cognito.StringAttribute(min_len=1, max_len=64, mutable=False)},
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=keeps,
            removal_policy=RemovalPolicy.RETAIN if keeps else RemovalPolicy.DESTROY,
        )

    @staticmethod
    def _client(pool: cognito.UserPool) -> cognito.UserPoolClient:
        """A client whose users may change their address and name, never their organization."""
        return pool.add_client(
            "Client",
            auth_flows=cognito.AuthFlow(user_srp=True, admin_user_password=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True, fullname=True),
        )
