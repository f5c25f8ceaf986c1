"""What the change stream says: the same in memory and in DynamoDB."""

from __future__ import annotations

from datetime import date, timedelta

from engage_sms.adapters.changes import decode_stream_record
from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.domain import message as steps
from engage_sms.domain.due import Opening
from engage_sms.domain.message import advance
from engage_sms.ports import CountResult, Create, Once, Overwrite, Remove, Replace, StateChange
from tests.contracts.entities import NOW, contact, job, message, result, usage_day
from tests.contracts.subject import Subject


def _plain(changes: list[StateChange]) -> list[tuple[object, object]]:
    return [(change.old, change.new) for change in changes]


def test_a_change_shows_before_and_after(subject: Subject) -> None:
    """New, changed and removed entities, in order, with a sequence that grows."""
    store = subject.store
    claim = steps.claim(now=NOW, lease=timedelta(seconds=90))
    store.commit(Create(message()))
    store.move(message().ref, claim)
    store.commit(Create(contact()))
    store.commit(Replace(contact(first_name="Rob", version=1)))
    changes = subject.changes()

    assert _plain(changes) == [
        (None, message()),
        (message(), advance(message(), claim)),
        (None, contact(version=1)),
        (contact(version=1), contact(first_name="Rob", version=2)),
    ]
    assert [change.sequence for change in changes] == sorted({change.sequence for change in changes})


def test_a_transaction_shows_each_of_its_entities(subject: Subject) -> None:
    """A result and the job it was counted on; marks of Once are nobody's business."""
    subject.store.commit(Create(job()))
    subject.store.commit(CountResult(result()), Once("job", "u1"))
    changes = _plain(subject.changes())

    assert len(changes) == 3
    assert (job(), job(succeeded=1, last_result_at=NOW)) in changes
    assert (None, result()) in changes


def test_what_failed_shows_nothing(subject: Subject) -> None:
    """A step that may not be taken is no change."""
    subject.store.commit(Create(message()))
    subject.store.move(message().ref, steps.unanswered(now=NOW))

    assert len(subject.changes()) == 1


def test_a_removal_shows_what_was_there(subject: Subject) -> None:
    """An opening that is done with."""
    opening = Opening(org_id="acme", opens_at=NOW, due_at=NOW)
    subject.store.commit(Replace(opening))
    (stored,) = subject.store.openings("acme")
    subject.store.commit(Remove(stored))

    assert _plain(subject.changes()) == [(None, stored), (stored, None)]


def test_derived_data_shows_too(subject: Subject) -> None:
    """The inbox line of a message, and a day of usage."""
    day = usage_day(date(2026, 7, 1))
    subject.store.saw_message(message())
    subject.store.commit(Overwrite(day))
    line = subject.store.conversation("acme", "ann", "bob")

    assert _plain(subject.changes()) == [(None, line), (None, day)]


def test_a_kind_of_a_newer_version_is_left_aside() -> None:
    """While two versions run beside each other, the older one does not stumble over what it does not know."""
    image = {name: to_wire(value) for name, value in {"pk": "ORG#acme", "sk": "X", "kind": "x", "doc": {}}.items()}
    record = {"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}

    assert decode_stream_record(record) is None
