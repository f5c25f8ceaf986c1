"""`engage-sms redrive`: what ended in a queue's dead letters goes back to the queue, at a bounded rate.

Safe at any time and as often as one likes: dispatch decides for each message anew (its state, consent, window, brake)
and claims it once, so what was sent meanwhile is not sent again and what may not leave now is held. A subject of a job
that has its result is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from engage_sms import topology

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class CannotRedrive(Exception):
    """Why nothing was begun, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Redrive:
    """A move that has begun: about `messages` go back to `queue`, at most `rate` a second. SQS goes on by itself."""

    queue: str
    messages: int
    rate: int
    task: str | None

    @property
    def sentence(self) -> str:
        """For people."""
        if self.task is None:
            return f"{self.queue} has no dead letters."
        return f"About {self.messages} messages go back to {self.queue}, at most {self.rate} a second."


def redrive(queue: str, *, stage: str, rate: int, sqs: SQSClient) -> Redrive:
    """Begins to move the queue's dead letters back; with none there is no `task`. Raises CannotRedrive."""
    name = f"{topology.SERVICE}-{stage}-{queue}"
    try:
        url = sqs.get_queue_url(QueueName=f"{name}-dlq")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "ApproximateNumberOfMessages"])
        attributes = found["Attributes"]
        waiting = int(attributes["ApproximateNumberOfMessages"])
        task = None
        if waiting:
            begun = sqs.start_message_move_task(SourceArn=attributes["QueueArn"], MaxNumberOfMessagesPerSecond=rate)
            task = begun["TaskHandle"]
    except ClientError as error:
        raise CannotRedrive(_sentence(error, f"{name}-dlq")) from error
    except BotoCoreError as error:
        raise CannotRedrive(f"AWS cannot be asked: {error}") from error
    return Redrive(queue=name, messages=waiting, rate=rate, task=task)


def _sentence(error: ClientError, name: str) -> str:
    known = error.response["Error"]
    match known["Code"]:
        case "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue":
            return f"There is no queue {name} in this account and region."
        case "AWS.SimpleQueueService.UnsupportedOperation" | "UnsupportedOperation":
            return f"SQS does not move {name} now: {known['Message']}"
    return f"AWS refuses ({known['Code']}): {known['Message']}"
