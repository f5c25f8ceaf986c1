"""The Idempotency-Key on every POST that creates: one effect a key, whoever repeats it, races it or dies on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.table import Put, Write
from engage_sms.edge.openapi import document
from engage_sms.errors import Retryable
from engage_sms.usecases.put_organization import PutOrganization, put_organization
from tests.functions.gateway import Gateway, Reply
from tests.world import ORG, World

KEY = {"idempotency-key": "k-1"}


@dataclass(frozen=True)
class Post:
    """A creating POST that can succeed in a world, and one that differs from it."""

    route: str
    url: str
    body: object = None
    other_url: str | None = None
    other_body: object = None
    org_id: str = ORG
    makes: str = "msg"
    """The kind of item that there is one more of afterwards."""

    def send(self, world: World, *, other: bool = False, key: str = "k-1", **caller: Any) -> Reply:
        gateway = Gateway(world.ports, **{"org_id": self.org_id, "roles": ["admin"], **caller})
        url = (other and self.other_url) or self.url
        body = (other and self.other_body) or self.body
        return gateway.post(url, body, **{"idempotency-key": key})


POSTS = {
    post.route: post
    for post in (
        Post(
            "/v1/conversations/{contact_id}/messages",
            "/v1/conversations/c-1/messages",
            {"body": "Hi"},
            other_body={"body": "Bye"},
        ),
        Post(
            "/v1/contacts/{id}/opt-in-requests",
            "/v1/contacts/c-2/opt-in-requests",
            other_url="/v1/contacts/c-3/opt-in-requests",
        ),
        Post(
            "/v1/numbers/provision",
            "/v1/numbers/provision",
            {"user_ids": ["u-2"], "area_code_source": "user_cell"},
            other_body={"user_ids": ["u-2"], "area_code_source": "user_cell", "fallback": "none"},
            makes="job",
        ),
        Post(
            "/v1/numbers/deprovision",
            "/v1/numbers/deprovision",
            {"user_ids": ["u-1"], "irreversible_acknowledged": True},
            other_body={"user_ids": ["u-2"], "irreversible_acknowledged": True},
            makes="job",
        ),
        Post(
            "/v1/organization/twilio-account",
            "/v1/organization/twilio-account",
            other_body={"again": True},
            org_id="bare",
            makes="account",
        ),
    )
}
every_post = pytest.mark.parametrize("post", POSTS.values(), ids=POSTS)


class HookedTable(MemoryTable):
    """Calls `before_write` ahead of each write that puts something new."""

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], None] = lambda: None

    def write(self, *writes: Write) -> None:
        if any(isinstance(write, Put) for write in writes):
            self.before_write()
        super().write(*writes)


@pytest.fixture
def table() -> HookedTable:
    return HookedTable()


@pytest.fixture
def world(table: HookedTable) -> World:
    """Everything the POSTs above need, and a second user and organization that may send the same."""
    world = World(table=table).opted_in()
    world.user("u-2")
    for number, contact in enumerate(("c-2", "c-3")):
        world.contact(contact, cell_phone=f"+1312555018{number}")
    put_organization(PutOrganization(id="bare", name="Bare Lending"), world.ports)
    return world


def effects(world: World) -> Counter[str]:
    assert isinstance(world.table, MemoryTable)
    return Counter(item.kind for item in world.table.items()) + Counter(account=len(world.twilio.accounts()))


def test_every_creating_post_is_planned_for() -> None:
    """What takes a key by the API's description is what is tested here."""
    takes_key = {
        path
        for path, item in document()["paths"].items()
        for described in item.values()
        if any(parameter["name"] == "Idempotency-Key" for parameter in described.get("parameters", []))
    }

    assert takes_key == POSTS.keys()


@every_post
def test_a_repeated_request_has_one_effect(world: World, post: Post) -> None:
    """The same key and request: the first answer again, byte for byte, and nothing more happens."""
    before = effects(world)
    first = post.send(world)
    after = effects(world)

    again = [post.send(world) for _ in range(3)]

    assert first.status in {201, 202}
    assert again == [first] * 3
    assert after[post.makes] == before[post.makes] + 1
    assert effects(world) == after


@every_post
def test_a_key_belongs_to_one_request(world: World, post: Post) -> None:
    """422 for the same key with another body or path, and nothing happens; the first one is answered as before."""
    first = post.send(world)
    after = effects(world)

    other = post.send(world, other=True)

    assert other.slug == "idempotency-key-reused"
    assert effects(world) == after
    assert post.send(world) == first


@every_post
def test_keys_of_two_users_never_meet(world: World, post: Post) -> None:
    """Another user of the organization with the same key and request is answered for itself."""
    first = post.send(world)

    second = post.send(world, user_id="u-2")

    assert second.status not in {409, 422} or second.slug not in {"idempotency-key-reused", "request-in-progress"}
    assert second != first


@every_post
def test_keys_of_two_organizations_never_meet(world: World, post: Post) -> None:
    """Another organization with the same key, user id and request learns nothing of the first answer."""
    world.organization("other")
    first = post.send(world)

    second = post.send(world, org_id="other")

    assert second.text != first.text
    assert second.status >= 400 or second.json["id"] != first.json["id"]


@every_post
@pytest.mark.parametrize("death", [Retryable("throttled"), RuntimeError("unforeseen")], ids=["busy", "broken"])
def test_a_first_attempt_that_failed_frees_the_key(
    world: World, table: HookedTable, post: Post, death: Exception
) -> None:
    """5xx, nothing kept; the same request with the same key then has its one effect."""
    before = effects(world)

    def fail() -> None:
        raise death

    table.before_write = fail
    failed = post.send(world)
    table.before_write = lambda: None
    between = effects(world)

    then = post.send(world)

    assert failed.status in {500, 503}
    assert between == before
    assert then.status in {201, 202}
    assert effects(world)[post.makes] == before[post.makes] + 1


@every_post
def test_an_attempt_during_the_first_is_told_to_wait(world: World, table: HookedTable, post: Post) -> None:
    """409 while the first one is being answered; another request with that key is refused even then."""
    during: list[Reply] = []

    def meanwhile() -> None:
        table.before_write = lambda: None
        during.extend([post.send(world), post.send(world, other=True)])

    before = effects(world)
    table.before_write = meanwhile
    first = post.send(world)

    assert first.status in {201, 202}
    assert [reply.slug for reply in during] == ["request-in-progress", "idempotency-key-reused"]
    assert effects(world)[post.makes] == before[post.makes] + 1


@every_post
def test_racing_attempts_have_one_effect(world: World, post: Post) -> None:
    """Sixteen at once: those that are not told to wait get the one answer."""
    before = effects(world)
    with ThreadPoolExecutor(max_workers=8) as pool:
        replies = list(pool.map(lambda _: post.send(world), range(16)))

    answered = {reply.text for reply in replies if reply.status in {201, 202}}

    assert len(answered) == 1
    assert {reply.slug for reply in replies if reply.status >= 400} <= {"request-in-progress"}
    assert effects(world)[post.makes] == before[post.makes] + 1


@every_post
def test_a_refusal_frees_the_key(world: World, post: Post) -> None:
    """What was refused changed nothing, so the key is as good as new."""
    refused = post.send(world, roles=[])
    accepted = post.send(world)

    assert refused.slug == "forbidden"
    assert accepted.status in {201, 202}
