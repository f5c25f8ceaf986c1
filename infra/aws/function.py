"""One function of the topology: the only place that decides runtime, processor, logs, tracing and layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment
from infra.aws.encryption import Encryption
from infra.aws.layers import ROOT, own_code, processor, runtime
from infra.aws.logs import log_group
from infra.aws.queues import DeadLetters

LIVE = "live"
"""The alias of the published version, where there is one."""


class EngageFunction(Construct):
    """Exposes `function`, as whoever starts it has to call it, and `dead_letters`: where a failed start by stream,
    schedule or rule ends, else None. What a function takes from a queue ends in that queue's own dead-letter queue.

    With SnapStart, functions that somebody waits for start from a snapshot of the published version, and are called by
    the alias LIVE; whatever clients they may need are made before it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: topology.Function,
        deployment: Deployment,
        encryption: Encryption,
        environment: Mapping[str, str],
        layers: Sequence[lambda_.ILayerVersion],
    ) -> None:
        super().__init__(scope, id_)
        name = deployment.name(function.name)
        logs = log_group(self, "Logs", name=f"/aws/lambda/{name}", deployment=deployment)
        # A role given here gets no managed policy: it may write to its own log group, not to all of them.
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        logs.grant_write(role)
        self.dead_letters: DeadLetters | None = None
        if function.stream_of or function.schedule or function.rule:
            self.dead_letters = DeadLetters(
                self, "DeadLetters", name=function.name, deployment=deployment, encryption=encryption
            )
        invoked_without_waiting = self.dead_letters and (function.schedule or function.rule)
        snapped = deployment.snap_start and bool(function.routes)
        made = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=function.summary,
            role=role,
            runtime=runtime(deployment.target),
            architecture=processor(deployment.target),
            code=own_code(ROOT / "functions" / function.name, deployment.target, lands_in="/var/task"),
            handler="engage_sms.start.handler" if function.services else "handler.handler",
            layers=layers,
            environment={
                **environment,
                **({"CLIENTS": " ".join(function.services)} if snapped and function.services else {}),
            },
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snapped else None,
            timeout=Duration.seconds(function.timeout),
            memory_size=function.memory,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=deployment.stage.reserved.get(function.name),
            log_group=logs,
            on_failure=(
                destinations.SqsDestination(self.dead_letters.queue)
                if self.dead_letters and invoked_without_waiting
                else None
            ),
        )
        self.function: lambda_.IFunction = made
        if snapped:
            self.function = lambda_.Alias(self, "Live", alias_name=LIVE, version=made.current_version)
