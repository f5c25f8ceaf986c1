"""The queues of the topology, and the dead-letter queues of everything asynchronous."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment, construct_id
from infra.aws.encryption import SENDS, Encryption


class DeadLetters(Construct):
    """Where a failure waits up to 14 days for a person; `watches` has an alarm on the first. Exposes `queue`."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, deployment: Deployment, encryption: Encryption
    ) -> None:
        super().__init__(scope, id_)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=deployment.name(f"{name}-dlq"),
            retention_period=Duration.days(14),
            encryption=encryption.queue,
            encryption_master_key=encryption.key,
            enforce_ssl=True,
        )


class Queues(Construct):
    """`by_name` has the queues by topology name; each ends in a dead-letter queue of its own."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, encryption: Encryption) -> None:
        super().__init__(scope, id_)
        self._encryption = encryption
        self.by_name = {queue.name: self._queue(queue, deployment, encryption) for queue in topology.QUEUES}

    def grant_send(self, queue: topology.Queue, grantee: iam.IGrantable) -> None:
        """Lets `grantee` put messages on the queue."""
        arn = self.by_name[queue.name].queue_arn
        iam.Grant.add_to_principal(grantee=grantee, actions=["sqs:SendMessage"], resource_arns=[arn])
        self._encryption.grant(grantee, SENDS)

    def _queue(self, queue: topology.Queue, deployment: Deployment, encryption: Encryption) -> sqs.Queue:
        name = construct_id(queue.name)
        dead_letters = DeadLetters(
            self, f"{name}DeadLetters", name=queue.name, deployment=deployment, encryption=encryption
        )
        return sqs.Queue(
            self,
            name,
            queue_name=deployment.name(queue.name),
            visibility_timeout=Duration.seconds(queue.visibility),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters.queue, max_receive_count=queue.max_receives),
            encryption=encryption.queue,
            encryption_master_key=encryption.key,
            enforce_ssl=True,
        )
