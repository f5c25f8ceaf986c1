"""What the environment says, read once: every missing name is reported in one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from engage_sms.errors import Permanent


class MissingConfiguration(Permanent):
    """Names that the environment must set and does not; all of them at once."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Set these environment variables: {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a deployment. Each field is the environment variable of the same name in capitals.

    The CDK stack gives every function all of them; they name resources and hold no secret.
    """

    stage: str
    """`dev`, `prod`, …: part of the names of parameters and of the log's `service`."""
    state_table: str
    idempotency_table: str
    people_queue_url: str
    automation_queue_url: str
    jobs_queue_url: str
    event_bus_name: str
    parameter_prefix: str
    """Secrets are parameters below this path, for example `/engage-sms/dev`."""
    public_url: str
    """Where Twilio reaches the API, without a trailing slash: webhooks are signed over it."""
    clients: str = ""
    """AWS services whose clients are made at the start, not at their first use: the stack names them for SnapStart."""
    user_claim: str = "sub"
    organization_claim: str = "org_id"
    roles_claim: str = "roles"
    secrets_key: str = "alias/aws/ssm"
    """The KMS key that new secrets are encrypted under, by its ARN or alias."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Config:
        """The configuration in `environ`. Raises MissingConfiguration naming everything that is missing."""
        values = {f.name: environ.get(f.name.upper(), "") for f in fields(cls)}
        optional = {f.name for f in fields(cls) if f.default is not MISSING}
        missing = [name.upper() for name, value in values.items() if not value and name not in optional]
        if missing:
            raise MissingConfiguration(missing)
        return cls(**{name: value for name, value in values.items() if value})
