"""Tokens: an issuer of our own, and the check that API Gateway's JWT authorizer makes.

Source: docs.aws.amazon.com/apigateway, "Control access to HTTP APIs with JWT authorizers": kid, alg RS256, iss, aud,
exp, nbf; the token stands in `Authorization`, with or without "Bearer".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "engage-sms"
LIFETIME = timedelta(days=400)
"""Longer than anybody puts the clock ahead: a token is not to end in the middle of a demonstration."""
_KEY_ID = "local"


class Unauthorized(Exception):
    """The request has no token, or one that does not count; the text says why."""


def new_key() -> rsa.RSAPrivateKey:
    """A key of the size that RS256 asks for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """Issues and verifies, with a key made at the start unless one is given."""

    def __init__(self, issuer: str, key: rsa.RSAPrivateKey | None = None) -> None:
        self.issuer = issuer
        self._key = key or new_key()

    def issue(self, claims: Mapping[str, Any], *, lifetime: timedelta = LIFETIME) -> str:
        """A signed token with these claims beside the registered ones, valid from now on."""
        now = datetime.now(UTC)
        registered = {"iss": self.issuer, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + lifetime}
        return jwt.encode({**claims, **registered}, self._key, algorithm="RS256", headers={"kid": _KEY_ID})

    def verified(self, authorization: str | None) -> dict[str, Any]:
        """The claims of the token in an Authorization header. Raises Unauthorized."""
        if not authorization:
            raise Unauthorized("there is no token")
        scheme, _, rest = authorization.strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
        try:
            if jwt.get_unverified_header(token).get("kid") != _KEY_ID:
                raise Unauthorized("the key is unknown")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=self.issuer,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidTokenError as wrong:
            raise Unauthorized(str(wrong)) from wrong
        return claims

    def key_set(self) -> dict[str, Sequence[dict[str, Any]]]:
        """The public key as a JSON Web Key Set."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}
