"""Keep the head counts by audience that advice on sending windows is given from."""

from __future__ import annotations

from engage_sms.domain.audience import audience_of
from engage_sms.domain.directory import Contact
from engage_sms.ports import Store


def count_contact(contact: Contact, store: Store) -> None:
    """Counts the contact, as stored, where it is now. Repeating it changes nothing."""
    audience = audience_of(contact)
    store.count_contact(
        contact.org_id, contact.id, version=contact.version, audience=audience.name if audience else None
    )


def count_again(org_id: str, store: Store) -> int:
    """Counts all contacts of the organization again, and gives their number: moves those that count elsewhere by now.

    For contacts from before there were counts, and for new facts about area codes or addresses. It may be stopped,
    repeated and run beside changes of contacts.
    """
    counted, cursor = 0, None
    while True:
        page = store.contacts(org_id, cursor=cursor, limit=500)
        for contact in page.items:
            count_contact(contact, store)
        counted += len(page.items)
        cursor = page.cursor
        if cursor is None:
            return counted
