"""A stateful Twilio for this machine: accounts, numbers, services, messages, opt-outs, usage, webhooks, faults.

`FakeTwilio` is all of it; `TwilioInProcess` lets Twilio's own SDK call it without a network.
"""

from infra.local.twilio.fake import FakeTwilio
from infra.local.twilio.http_client import TwilioInProcess
from infra.local.twilio.requests import Answer, Unanswered

__all__ = ["Answer", "FakeTwilio", "TwilioInProcess", "Unanswered"]
