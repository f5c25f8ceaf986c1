"""What single things cost: time of a rule, units of the table."""

from __future__ import annotations

from datetime import UTC, datetime

from engage_sms.adapters.store import TableStore
from engage_sms.domain.message import Direction, Kind, Message, Status
from engage_sms.domain.segments import measure
from engage_sms.ports import Create
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.benchmarks import advice, windows
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import microseconds
from tests.meter import MeteredTable
from tests.world import ORG, World


def table() -> Table:
    """Medians; times are this machine's."""
    writes, reads = one_message()
    rows = [
        *windows.rows(),
        ("segments of 160 characters", f"{microseconds(lambda: measure('x' * 160)):.1f} µs", "10 µs"),
        ("one 1-to-1 message, request to `delivered`", f"{writes:g} write, {reads:g} read units", "8, 6"),
        ("opening a conversation of 50 messages", f"{opening_a_conversation(50):g} read units", "—"),
        ("opening one of 100,000", f"{opening_a_conversation(100_000):g} read units", "the same"),
        *advice.rows(),
    ]
    return Table(("Figure", "Measured", "Budget"), rows)


def one_message() -> tuple[float, float]:
    """Write and read units of one 1-to-1 message from the request to `delivered`, its callbacks included."""
    table = MeteredTable()
    world = World(table=table).opted_in()
    world.arrive()
    before = table.write_units, table.read_units
    text = SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi Bo, the papers are in.")
    send_message(text, world.ports)
    world.arrive()
    return table.write_units - before[0], table.read_units - before[1]


def opening_a_conversation(messages: int) -> float:
    """Read units for the first page of a conversation that holds so many messages."""
    table = MeteredTable()
    store = TableStore(table, now=lambda: datetime(2026, 7, 15, 15, tzinfo=UTC))
    for number in range(messages):
        store.commit(Create(_message(number)))
    before = table.read_units
    store.messages(ORG, "u-1", "c-1", limit=50)
    return table.read_units - before


def _message(number: int) -> Message:
    return Message(
        id=f"01J{number:023d}",
        org_id=ORG,
        user_id="u-1",
        contact_id="c-1",
        direction=Direction.OUTBOUND,
        kind=Kind.ONE_TO_ONE,
        phone="+13125550199",
        number="+14155550101",
        body="Hi Bo, the papers are in.",
        status=Status.DELIVERED,
        segments=1,
        created_at=datetime(2026, 7, 15, 15, tzinfo=UTC),
    )
