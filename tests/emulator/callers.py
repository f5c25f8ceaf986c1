"""How people sign in: with the stack's own user pool, or with an identity provider that the context names."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from infra.local.tokens import AUDIENCE, Tokens
from tests.emulator.deployer import Client
from tests.emulator.outside import ISSUER
from tests.local.caller import Transport

PASSWORD = "Only-for-1-run-of-the-tests"
SECONDS = 90
"""How long an answer may take; a cold start of a function on a busy machine is most of it."""


class People(Protocol):
    """Knows everybody who may sign in. Names are like `ann`."""

    context: Mapping[str, str]
    """What the stack has to be told about them."""

    def id_of(self, name: str) -> str: ...

    def token(self, name: str, org_id: str, role: str) -> str: ...


class InUserPool:
    """Makes a user of the stack's pool at the first sign-in."""

    context: Mapping[str, str] = {}

    def __init__(self, client: Client, outputs: Mapping[str, str]) -> None:
        self._cognito = client("cognito-idp")
        self._pool, self._app = outputs["UserPoolId"], outputs["UserPoolClientId"]
        self._ids: dict[str, str] = {}

    def id_of(self, name: str) -> str:
        return self._ids[name]

    def token(self, name: str, org_id: str, role: str) -> str:
        """An id token: only it says of which organization somebody is."""
        if name not in self._ids:
            self._ids[name] = self._made(name, org_id, role)
        answer = self._cognito.admin_initiate_auth(
            UserPoolId=self._pool,
            ClientId=self._app,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": _address(name), "PASSWORD": PASSWORD},
        )
        token: str = answer["AuthenticationResult"]["IdToken"]
        return token

    def _made(self, name: str, org_id: str, role: str) -> str:
        """The `sub` that the pool gave."""
        user = {"UserPoolId": self._pool, "Username": _address(name)}
        attributes = {"email": _address(name), "email_verified": "true", "custom:org_id": org_id}
        made = self._cognito.admin_create_user(
            **user,
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
            # The emulator would make one up that is shorter than the pool asks for.
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
        self._cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
        self._cognito.admin_add_user_to_group(**user, GroupName=role)
        return str(next(each["Value"] for each in made["User"]["Attributes"] if each["Name"] == "sub"))


class AtOwnIssuer:
    """Signs tokens; `outside.issuer_site` publishes the key."""

    context: Mapping[str, str] = {"jwt_issuer": f"https://{ISSUER}", "jwt_audience": AUDIENCE}

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def id_of(self, name: str) -> str:
        return name

    def token(self, name: str, org_id: str, role: str) -> str:
        return self._tokens.issue({"sub": name, "org_id": org_id, "roles": [role]})


def over(address: str, *, trusting: Path) -> Transport:
    """Makes a connection for each request; paths are below the address."""
    base = urlsplit(address)
    tls = ssl.create_default_context(cafile=trusting)

    def connect() -> http.client.HTTPConnection:
        if base.scheme == "https":
            return http.client.HTTPSConnection(base.hostname or "", base.port, timeout=SECONDS, context=tls)
        return http.client.HTTPConnection(base.hostname or "", base.port, timeout=SECONDS)

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        connection: Any = connect()
        try:
            connection.request(method, base.path + path, body, dict(headers))
            response = connection.getresponse()
            return response.status, {n.lower(): v for n, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    return send


def _address(name: str) -> str:
    return f"{name}@example.com"
