"""The HTTP API: the topology's routes, each with its authorization, in front of the functions."""

from __future__ import annotations

import json

import jsii
from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as cloudwatch_logs
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment, construct_id
from infra.aws.identity import Identity
from infra.aws.logs import log_group

LOGGED = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
    "bytes": "$context.responseLength",
}
"""The route as it is written, not the path that was asked: paths and queries name people."""


@jsii.implements(apigatewayv2.IAccessLogSettings)
class AccessLog:
    """One line of JSON for each request, with what LOGGED says."""

    def __init__(self, group: cloudwatch_logs.ILogGroup) -> None:
        self._group = group

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        return apigatewayv2.LogGroupLogDestination(self._group)

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return apigateway.AccessLogFormat.custom(json.dumps(LOGGED))


class Api(Construct):
    """Exposes `id`, `url` without a trailing slash, and `connect`."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, identity: Identity) -> None:
        super().__init__(scope, id_)
        self._api = apigatewayv2.HttpApi(
            self,
            "HttpApi",
            api_name=deployment.name("api"),
            create_default_stage=False,
            # Twilio signs over one address, and tokens are asked for under one: a second would only be a way around.
            disable_execute_api_endpoint=True if deployment.domain_name else None,
        )
        self._tokens = HttpJwtAuthorizer("Tokens", identity.issuer, jwt_audience=identity.audience)
        logs = log_group(self, "Logs", name=f"/aws/vendedlogs/{deployment.name('api')}", deployment=deployment)
        apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=deployment.stage.requests_per_second, burst_limit=deployment.stage.burst
            ),
            access_log_settings=AccessLog(logs),
            domain_mapping=self._domain(deployment),
        )
        self.id = self._api.api_id
        # The API knows none of its functions, so that they may know its address.
        self.url = f"https://{deployment.domain_name}" if deployment.domain_name else self._api.api_endpoint
        CfnOutput(Stack.of(self), "ApiUrl", value=self.url)

    def _domain(self, deployment: Deployment) -> apigatewayv2.DomainMappingOptions | None:
        """The name of the context, and its record where the zone is in this account."""
        if not deployment.domain_name or not deployment.certificate_arn:
            return None
        certificate = certificates.Certificate.from_certificate_arn(self, "Certificate", deployment.certificate_arn)
        domain = apigatewayv2.DomainName(
            self,
            "Domain",
            domain_name=deployment.domain_name,
            certificate=certificate,
            security_policy=apigatewayv2.SecurityPolicy.TLS_1_2,
        )
        if deployment.hosted_zone_id:
            route53.CfnRecordSet(
                self,
                "Record",
                hosted_zone_id=deployment.hosted_zone_id,
                name=deployment.domain_name,
                type="A",
                alias_target=route53.CfnRecordSet.AliasTargetProperty(
                    dns_name=domain.regional_domain_name, hosted_zone_id=domain.regional_hosted_zone_id
                ),
            )
        CfnOutput(Stack.of(self), "DomainTarget", value=domain.regional_domain_name)
        return apigatewayv2.DomainMappingOptions(domain_name=domain)

    def connect(self, function: topology.Function, handler: lambda_.IFunction) -> None:
        """Routes the function's requests to `handler`."""
        if not function.routes:
            return
        integration = HttpLambdaIntegration(construct_id(function.name), handler, scope_permission_to_route=False)
        for route in function.routes:
            self._api.add_routes(
                path=route.path,
                methods=[apigatewayv2.HttpMethod(route.method)],
                integration=integration,
                authorizer=self._tokens if route.auth is topology.Auth.JWT else None,
            )
