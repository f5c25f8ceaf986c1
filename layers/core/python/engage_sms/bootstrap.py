"""The composition root: real ports from configuration. Beside `config`, only this module reads the environment."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from engage_sms.adapters.answers import DynamoAnswers
from engage_sms.adapters.aws import Clients, EventBridgeBus, ParameterSecrets, SqsQueue
from engage_sms.adapters.dynamodb import DynamoTable
from engage_sms.adapters.rule_data import check_rule_data
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.system import new_id, utc_now, wait_until
from engage_sms.adapters.twilio_api import TwilioApi
from engage_sms.adapters.zones import use_pinned_zones
from engage_sms.config import Config
from engage_sms.errors import Permanent
from engage_sms.ports import PARENT_SECRET, Account, ClaimNames, Ports, Secrets


@lru_cache(maxsize=1)
def real_ports() -> Ports:
    """The ports that the environment describes. Raises MissingConfiguration naming every variable that is missing."""
    return build_ports(Config.read(os.environ))


def build_ports(config: Config, *, twilio_http_client: Any | None = None) -> Ports:
    """Ports over AWS and Twilio; requests to Twilio go through the `twilio.http.HttpClient` when one is given."""
    use_pinned_zones()
    check_rule_data()
    clients = Clients()
    secrets = ParameterSecrets(config.parameter_prefix, clients, now=utc_now, key=config.secrets_key)
    table = DynamoTable(config.state_table, session=clients.session)
    clients.keep("dynamodb", table.client)
    for service in config.clients.split():
        clients(service)
    return Ports(
        store=TableStore(table, now=utc_now),
        twilio=TwilioApi(lambda: _parent(secrets), twilio_http_client),
        people_queue=SqsQueue(config.people_queue_url, clients),
        automation_queue=SqsQueue(config.automation_queue_url, clients),
        jobs_queue=SqsQueue(config.jobs_queue_url, clients),
        events=EventBridgeBus(config.event_bus_name, clients, now=utc_now),
        secrets=secrets,
        now=utc_now,
        wait=wait_until,
        new_id=new_id,
        public_url=config.public_url,
        answers=DynamoAnswers(config.idempotency_table, clients),
        claims=ClaimNames(user=config.user_claim, organization=config.organization_claim, roles=config.roles_claim),
    )


def _parent(secrets: Secrets) -> Account:
    """The parent account's credentials. Raises Permanent while nobody has put them there."""
    secret = secrets.get(PARENT_SECRET)
    if secret is None:
        raise Permanent(f"Put Twilio's parent credentials into the parameter {PARENT_SECRET}.")
    values = json.loads(secret)
    return Account(values["account_sid"], values["auth_token"])
