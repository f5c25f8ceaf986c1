"""What all API functions share beyond routes: requests at the same time, and answers that are wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from engage_sms.edge.api import WithPorts, make_app, serve
from engage_sms.edge.schemas.messages import PreviewAnswer
from tests.functions.gateway import Context, Gateway, reply_of
from tests.world import World


def test_requests_at_the_same_time_keep_to_themselves() -> None:
    """Each of many threads gets the answer to its own request, though Powertools keeps one current event."""
    api = Gateway(World().ports)

    def measured(length: int) -> int:
        characters: int = api.post("/v1/messages/preview", {"body": "x" * length}).json["characters"]
        return characters

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(measured, range(1, 200)))

    assert answers == list(range(1, 200))


def test_an_answer_that_breaks_its_own_description_is_our_error() -> None:
    """500 `internal-error`, never a 422 that blames the caller, and nothing of the answer shows."""
    app = make_app()

    @app.get("/v1/contacts")
    def contacts(ports: WithPorts) -> PreviewAnswer:
        return {"encoding": "secret"}  # type: ignore[return-value]

    world = World()
    event = Gateway(world.ports).event("GET", "/v1/contacts")

    reply = reply_of(serve(app, event, Context(), world.ports))

    assert reply.slug == "internal-error"
    assert "secret" not in reply.text


def test_an_event_that_is_none_is_a_problem_too() -> None:
    """Whatever comes in, the answer is an HTTP answer."""
    reply = reply_of(serve(make_app(), {}, Context(), None))

    assert reply.slug == "internal-error"
