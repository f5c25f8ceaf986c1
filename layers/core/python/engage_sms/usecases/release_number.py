"""A user's number is given back to Twilio, finally; the user is free, the conversations stay readable."""

from __future__ import annotations

from dataclasses import replace

from engage_sms.domain.directory import Number, User
from engage_sms.domain.job import Job, Outcome
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_account, find_organization, find_user
from engage_sms.usecases.provision_number import Attempted


def release_number(job: Job, user_id: str, ports: Ports) -> Attempted:
    """Releases at Twilio first, then frees the user: a crash in between is repeated and finds the number gone.

    The other order would leave a paid number that nobody owns.
    """
    user = find_user(job.org_id, user_id, ports, consistent=True)
    if user.number is None or user.number_sid is None:
        return Attempted(Outcome.SKIPPED, reason="The user has no number.")
    account = find_account(find_organization(job.org_id, ports), ports)
    ports.twilio.release_number(account, user.number_sid)
    _free(user, ports)
    return Attempted(Outcome.SUCCEEDED, number=user.number, steps=(f"released {user.number}",))


def _free(user: User, ports: Ports) -> None:
    def attempt() -> None:
        current = ports.store.user(user.org_id, user.id, consistent=True)
        if current is None or current.number_sid != user.number_sid:
            return
        number = ports.store.number(user.number or "", consistent=True)
        freed = replace(current, number=None, number_sid=None, provisioned_at=None)
        ended = [Replace(_released(number, user, ports))] if number is not None else []
        ports.store.commit(Replace(freed), *ended)

    decide_again(attempt)


def _released(number: Number, user: User, ports: Ports) -> Number:
    return replace(number, released_at=ports.now()) if number.sid == user.number_sid else number
