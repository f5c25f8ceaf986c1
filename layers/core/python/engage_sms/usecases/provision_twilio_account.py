"""Give an organization its Twilio account: a subaccount, its token, and a Messaging Service with our webhooks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from engage_sms.domain.directory import Organization, TwilioStatus
from engage_sms.domain.naming import organization_tag
from engage_sms.errors import Conflict, NotFound, Rejected
from engage_sms.ports import Ports, Replace, secret_of

CLAIM = timedelta(seconds=60)


class ProvisionTwilioAccount(NamedTuple):
    org_id: str


def provision_twilio_account(command: ProvisionTwilioAccount, ports: Ports) -> tuple[Organization, bool]:
    """The organization with its account active, and whether this call made it.

    Twilio's creates are not idempotent, so one caller at a time holds a claim, and everything is looked for under our
    tag before it is made: a call that died half-way is continued by the next, and nothing is bought twice.

        caller A   claim ─► create subaccount ─✗ (dies)
        caller B        refused (409) … claim runs out ─► claim ─► finds A's subaccount ─► service ─► active
    """
    organization = ports.store.organization(command.org_id, consistent=True)
    if organization is None:
        raise NotFound("organization")
    if organization.twilio.status is TwilioStatus.ACTIVE:
        return organization, False
    claimed = _claim(organization, ports)
    tag = organization_tag(command.org_id)
    account = ports.twilio.find_account(tag) or ports.twilio.create_account(tag)
    secret = json.dumps({"account_sid": account.sid, "auth_token": account.auth_token})
    ports.secrets.put(secret_of(command.org_id), secret)
    hooks = f"{ports.public_url}/webhooks/twilio/{command.org_id}"
    service_sid = ports.twilio.find_messaging_service(account, tag) or ports.twilio.create_messaging_service(
        account, tag, inbound_url=f"{hooks}/messages", status_url=f"{hooks}/status"
    )
    active = replace(
        claimed.twilio,
        status=TwilioStatus.ACTIVE,
        account_sid=account.sid,
        messaging_service_sid=service_sid,
        claimed_until=None,
    )
    return _activate(replace(claimed, twilio=active), ports), True


def _claim(organization: Organization, ports: Ports) -> Organization:
    now = ports.now()
    twilio = organization.twilio
    if twilio.claimed_until is not None and twilio.claimed_until > now:
        raise Rejected(
            "twilio-account-in-progress", "The account is being provisioned right now; ask again in a minute."
        )
    claimed = replace(organization, twilio=replace(twilio, status=TwilioStatus.PROVISIONING, claimed_until=now + CLAIM))
    try:
        ports.store.commit(Replace(claimed))
    except Conflict as lost:
        raise Rejected(
            "twilio-account-in-progress", "Somebody else is changing the organization right now; ask again in a minute."
        ) from lost
    return replace(claimed, version=claimed.version + 1)


def _activate(organization: Organization, ports: Ports) -> Organization:
    """Records the account; a settings change that came in between keeps its settings."""
    try:
        ports.store.commit(Replace(organization))
    except Conflict:
        now_stored = ports.store.organization(organization.id, consistent=True)
        if now_stored is None:
            raise
        merged = replace(now_stored, twilio=organization.twilio)
        ports.store.commit(Replace(merged))
        return replace(merged, version=merged.version + 1)
    return replace(organization, version=organization.version + 1)
