"""What differs between deployments: data of the stage, and values of the CDK context (`-c name=value`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engage_sms import topology

ARCHITECTURES = ("arm64", "x86_64")
CONTEXT: Mapping[str, tuple[str, str]] = {
    "stage": ("`dev`", "`dev` or `prod`: names everything, and decides what is kept and how much may come in"),
    "domain_name": (
        "the API's own address",
        "the API's name, such as `sms.example.com`; the API's own address is then shut",
    ),
    "certificate_arn": ("", "ACM's certificate for `domain_name`, in the stack's region"),
    "hosted_zone_id": (
        "",
        "the Route 53 zone that gets the record for `domain_name`; else add it where the name is kept",
    ),
    "public_url": ("`https://<domain_name>`", "where Twilio reaches the API, when that is neither of the two above"),
    "jwt_issuer": ("a Cognito user pool of the stack's own", "who issues the tokens, as an address"),
    "jwt_audience": ("", "whom the tokens are for; several are separated by commas"),
    "user_claim": ("`sub`", "the claim that says who"),
    "organization_claim": ("`org_id`; with the user pool `custom:org_id`", "the claim that says of which organization"),
    "roles_claim": ("`roles`; with the user pool `cognito:groups`", "the claim that says in which roles"),
    "python": (f"`{topology.PYTHON}`", "the functions' Python, for an emulator that has another than Lambda"),
    "architecture": (f"`{topology.ARCHITECTURE}`", "their processor, likewise: `arm64` or `x86_64`"),
    "snap_start": (
        "`false`",
        "`true` starts functions that somebody waits for from a snapshot; AWS charges for keeping it",
    ),
    "alarm_email": ("nobody", "the address that hears of alarms; it has to confirm once"),
}
"""The values of the context by name: what holds without one, and what it means."""
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-z0-9-]+")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_OURS = re.compile(r"[a-z_]+")
"""How a name of ours is written. The CDK's own names have capitals, colons, dashes or an @."""


class WrongContext(Exception):
    """A context value is missing or cannot be used; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How one kind of deployment differs from the others.

    `keeps_data`: tables, users and logs outlive the stack, and neither they nor the stack can be deleted by accident.
    `requests_per_second` and `burst` bound the whole HTTP API.
    `own_key`: tables, queues and secrets are encrypted under a key of the stack's own, whose every use is on record
    ($1 a month, and what KMS asks for calls); else under keys that AWS owns and keeps.
    `reserved`: how many of a function may run at once, set aside for it. An account has to have 100 more than that,
    which a new one has not.
    """

    name: str
    keeps_data: bool
    requests_per_second: int
    burst: int
    own_key: bool
    reserved: Mapping[str, int] = field(default_factory=dict)


STAGES = {
    stage.name: stage
    for stage in (
        Stage(name="dev", keeps_data=False, requests_per_second=100, burst=200, own_key=False),
        Stage(
            name="prod",
            keeps_data=True,
            requests_per_second=1000,
            burst=2000,
            own_key=True,
            # A burst of 500 texts a second, each answered in a fraction of a second; the send path keeps the rest.
            reserved={"webhooks": 200},
        ),
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
    `domain_name` comes with `certificate_arn`; `hosted_zone_id` is None when the name's record is kept elsewhere.
    `jwt_issuer` and `jwt_audience`: None and empty when the stack makes its own user pool.
    The claims are None where the default of `engage_sms.config` (or of the user pool) holds.
    """

    stage: Stage
    target: Target = Target()
    public_url: str | None = None
    domain_name: str | None = None
    certificate_arn: str | None = None
    hosted_zone_id: str | None = None
    alarm_email: str | None = None
    snap_start: bool = False
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
        _check_domain(text("domain_name"), text("certificate_arn"), text("hosted_zone_id"))
        if text("alarm_email") and "@" not in str(text("alarm_email")):
            raise WrongContext(f"alarm_email is {text('alarm_email')}: pass -c alarm_email= an address with an @.")
        if (text("snap_start") or "false").lower() not in {"true", "false"}:
            raise WrongContext(f"snap_start is {text('snap_start')}: pass -c snap_start=true or leave it out.")
        issuer, audience = text("jwt_issuer"), tuple((text("jwt_audience") or "").replace(",", " ").split())
        if bool(issuer) != bool(audience):
            raise WrongContext(
                "Pass both -c jwt_issuer=… and -c jwt_audience=…, or neither for a user pool of its own."
            )
        for name in ("public_url", "jwt_issuer"):
            if not (text(name) or "https://").startswith("https://"):
                raise WrongContext(f"{name} is {text(name)}: pass -c {name}= an address that starts with https://.")
        domain_name = text("domain_name")
        public_url = text("public_url") or (domain_name and f"https://{domain_name}")
        return cls(
            stage=STAGES[stage],
            target=target,
            public_url=public_url and public_url.rstrip("/"),
            domain_name=domain_name,
            certificate_arn=text("certificate_arn"),
            hosted_zone_id=text("hosted_zone_id"),
            alarm_email=text("alarm_email"),
            snap_start=(text("snap_start") or "false").lower() == "true",
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


def check_names(names: Iterable[str]) -> None:
    """Raises WrongContext for a name that nobody reads: `-c stgae=prod` would quietly make a `dev`."""
    strangers = sorted(name for name in names if _OURS.fullmatch(name) and name not in CONTEXT)
    if strangers:
        raise WrongContext(f"Nothing reads -c {strangers[0]}=: there are {', '.join(CONTEXT)}.")


def _check_domain(domain: str | None, certificate: str | None, zone: str | None) -> None:
    if bool(domain) != bool(certificate):
        raise WrongContext("Pass both -c domain_name=… and -c certificate_arn=…, or neither for the API's own address.")
    if domain and not _DOMAIN.fullmatch(domain):
        raise WrongContext(f"domain_name is {domain}: pass -c domain_name= a name such as sms.example.com.")
    if certificate and not _CERTIFICATE.fullmatch(certificate):
        raise WrongContext(
            f"certificate_arn is {certificate}: pass -c certificate_arn= the ARN of a certificate in ACM."
        )
    if zone and not domain:
        raise WrongContext("Pass -c domain_name=… with -c hosted_zone_id=…: the zone gets that name's record.")


def construct_id(name: str) -> str:
    """A topology name as CDK writes ids: `usage_nightly` and `usage-nightly` become `UsageNightly`."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))
