"""What differs between deployments: data of the stage, and values of the CDK context (`-c name=value`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from engage_sms import topology

ARCHITECTURES = ("arm64", "x86_64")


class WrongContext(Exception):
    """A context value is missing or cannot be used; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How one kind of deployment differs from the others.

    `keeps_data`: tables, users and logs outlive the stack, and neither they nor the stack can be deleted by accident.
    `requests_per_second` and `burst` bound the whole HTTP API.
    """

    name: str
    keeps_data: bool
    requests_per_second: int
    burst: int


STAGES = {
    stage.name: stage
    for stage in (
        Stage(name="dev", keeps_data=False, requests_per_second=100, burst=200),
        Stage(name="prod", keeps_data=True, requests_per_second=1000, burst=2000),
    )
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the functions run on, and the wheels are for: Lambda's, or what an emulator on some machine has."""

    python: str = topology.PYTHON
    architecture: str = topology.ARCHITECTURE


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment of the system, and the names of its resources.

    `public_url`: None when Twilio reaches the API under its own address.
    `jwt_issuer` and `jwt_audience`: None and empty when the stack makes its own user pool.
    The claims are None where the default of `engage_sms.config` (or of the user pool) holds.
    """

    stage: Stage
    target: Target = Target()
    public_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: tuple[str, ...] = ()
    user_claim: str | None = None
    organization_claim: str | None = None
    roles_claim: str | None = None

    @classmethod
    def read(cls, context: Callable[[str], object]) -> Deployment:
        """The deployment that `context` (a look-up by name) asks for. Raises WrongContext."""

        def text(name: str) -> str | None:
            return str(context(name) or "").strip() or None

        stage = text("stage") or "dev"
        if stage not in STAGES:
            raise WrongContext(f'There is no stage "{stage}": pass -c stage= one of {", ".join(STAGES)}.')
        target = Target(
            python=text("python") or topology.PYTHON, architecture=text("architecture") or topology.ARCHITECTURE
        )
        if not re.fullmatch(r"3\.\d+", target.python):
            raise WrongContext(f"python is {target.python}: pass -c python= a version such as {topology.PYTHON}.")
        if target.architecture not in ARCHITECTURES:
            raise WrongContext(
                f"architecture is {target.architecture}: pass -c architecture= one of {', '.join(ARCHITECTURES)}."
            )
        issuer, audience = text("jwt_issuer"), tuple((text("jwt_audience") or "").replace(",", " ").split())
        if bool(issuer) != bool(audience):
            raise WrongContext(
                "Pass both -c jwt_issuer=… and -c jwt_audience=…, or neither for a user pool of its own."
            )
        for name in ("public_url", "jwt_issuer"):
            if not (text(name) or "https://").startswith("https://"):
                raise WrongContext(f"{name} is {text(name)}: pass -c {name}= an address that starts with https://.")
        public_url = text("public_url")
        return cls(
            stage=STAGES[stage],
            target=target,
            public_url=public_url and public_url.rstrip("/"),
            jwt_issuer=issuer,
            jwt_audience=audience,
            user_claim=text("user_claim"),
            organization_claim=text("organization_claim"),
            roles_claim=text("roles_claim"),
        )

    def name(self, part: str) -> str:
        """The physical name of a resource: `engage-sms-dev-state`."""
        return f"{self.stack_name}-{part}"

    @property
    def stack_name(self) -> str:
        """The stack's own name, and the event bus's: `engage-sms-dev`."""
        return f"{topology.SERVICE}-{self.stage.name}"

    @property
    def parameter_prefix(self) -> str:
        """The path of this deployment's secrets in Parameter Store, without a trailing slash."""
        return f"/{topology.SERVICE}/{self.stage.name}"


def construct_id(name: str) -> str:
    """A topology name as CDK writes ids: `usage_nightly` and `usage-nightly` become `UsageNightly`."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))
