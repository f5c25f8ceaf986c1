"""The stack: composes the constructs and grants what the topology allows, nothing else."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack, Tags
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from engage_sms import topology
from engage_sms.config import Config
from infra.aws import triggers
from infra.aws.api import Api
from infra.aws.deployment import Deployment, construct_id
from infra.aws.encryption import encryption
from infra.aws.environment import environment
from infra.aws.function import EngageFunction
from infra.aws.identity import Identity
from infra.aws.layers import Layers
from infra.aws.queues import Queues
from infra.aws.secrets import Secrets
from infra.aws.tables import Tables


class EngageSmsStack(Stack):
    """The whole system of one deployment. `deployment.stack_name` names it and its template. Exposes `api_id`."""

    def __init__(self, scope: Construct, *, deployment: Deployment, **options: Any) -> None:
        super().__init__(
            scope,
            deployment.stack_name,
            description="Engage SMS: two-way SMS for organizations",
            termination_protection=deployment.stage.keeps_data,
            **options,
        )
        self._deployment = deployment
        self._encryption = encryption(self, "Key", deployment=deployment)
        self._tables = Tables(self, "Tables", deployment=deployment, encryption=self._encryption)
        self._queues = Queues(self, "Queues", deployment=deployment, encryption=self._encryption)
        self._secrets = Secrets(self, "Secrets", deployment=deployment, encryption=self._encryption)
        self._bus = events.EventBus(self, "Bus", event_bus_name=deployment.stack_name)
        self._clock = scheduler.ScheduleGroup(self, "Schedules", schedule_group_name=deployment.stack_name)
        identity = Identity(self, "Identity", deployment=deployment)
        self._api = Api(self, "Api", deployment=deployment, identity=identity)
        self.api_id = self._api.id
        variables = environment(self._config(identity))
        layers = Layers(self, "Layers", target=deployment.target).both
        for function in topology.FUNCTIONS:
            made = EngageFunction(
                self,
                construct_id(function.name),
                function=function,
                deployment=deployment,
                encryption=self._encryption,
                environment=variables,
                layers=layers,
            )
            self._grant(function, made)
            self._start(function, made)
        Tags.of(self).add("service", topology.SERVICE)
        Tags.of(self).add("stage", deployment.stage.name)

    def _config(self, identity: Identity) -> Config:
        return Config(
            stage=self._deployment.stage.name,
            state_table=self._tables.by_name[topology.STATE.name].table_name,
            idempotency_table=self._tables.by_name[topology.IDEMPOTENCY.name].table_name,
            people_queue_url=self._queues.by_name[topology.PEOPLE.name].queue_url,
            automation_queue_url=self._queues.by_name[topology.AUTOMATION.name].queue_url,
            jobs_queue_url=self._queues.by_name[topology.JOBS.name].queue_url,
            event_bus_name=self._bus.event_bus_name,
            parameter_prefix=self._deployment.parameter_prefix,
            public_url=self._deployment.public_url or self._api.url,
            user_claim=identity.user_claim,
            organization_claim=identity.organization_claim,
            roles_claim=identity.roles_claim,
            secrets_key=self._encryption.parameters_key,
        )

    def _grant(self, function: topology.Function, made: EngageFunction) -> None:
        handler = made.function
        for table in dict.fromkeys((*function.reads, *function.writes)):
            self._tables.grant(table, handler, writes=table in function.writes)
        for queue in function.sends:
            self._queues.grant_send(queue, handler)
        if function.publishes:
            self._bus.grant_put_events_to(handler)
        for secret in function.reads_secrets:
            self._secrets.grant_read(secret, handler)
        for secret in function.writes_secrets:
            self._secrets.grant_write(secret, handler)

    def _start(self, function: topology.Function, made: EngageFunction) -> None:
        self._api.connect(function, made.function)
        for queue in function.consumes:
            triggers.consume(made, queue, self._queues.by_name[queue.name])
        if function.stream_of:
            triggers.follow(made, self._tables.by_name[function.stream_of.name])
        if function.schedule:
            triggers.tick(
                made,
                function.schedule,
                group=self._clock,
                encryption=self._encryption,
                deployment=self._deployment,
            )
        if function.rule:
            triggers.listen(made, function.rule, bus=self._bus, deployment=self._deployment)
