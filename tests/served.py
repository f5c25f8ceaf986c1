"""The front door as it is on this machine, over loopback, with the system in memory behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from infra.local.functions import Functions
from infra.local.gateway import Gateway
from infra.local.server import HOST, Server, listen, make_application
from infra.local.tokens import Tokens
from tests.world import ORG, World


class Served(NamedTuple):
    """Where it listens, and the token of the user `u-1`."""

    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextmanager
def served(world: World) -> Iterator[Served]:
    """Until the end. Without `/local/*`: nothing but the world moves its time."""
    tokens = Tokens("http://localhost/local")
    gateway = Gateway(Functions(world.ports, prefix="served-"), tokens, cast("Any", SimpleNamespace(now=world.clock)))
    with listen(0) as listener:
        server = Server(make_application(gateway, cast("Any", None)), listener)
        server.start()
        try:
            token = tokens.issue({"sub": "u-1", "org_id": ORG, "roles": ["user"]})
            yield Served(listener.getsockname()[1], token)
        finally:
            server.stop()
