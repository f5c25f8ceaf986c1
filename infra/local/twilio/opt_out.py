"""Twilio's default handling of STOP, START and HELP on long codes.

Whole message, any case (twilio.com/docs/messaging/tutorials/advanced-opt-out). The keyword still reaches the webhook.
"""

from __future__ import annotations

STOP = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
STOP_REPLY = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
START_REPLY = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_REPLY = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


def handle(opted_out: set[tuple[str, str]], scope: str, phone: str, body: str) -> str | None:
    """Twilio's own reply to a text from `phone`, or None; `opted_out` is changed. `scope` is a service or a number.

    START is answered only when it changes something, so that a plain YES gets no answer; HELP not while opted out.
    """
    word, pair = body.strip().upper(), (scope, phone)
    if word in STOP and pair not in opted_out:
        opted_out.add(pair)
        return STOP_REPLY
    if word in START and pair in opted_out:
        opted_out.discard(pair)
        return START_REPLY
    if word in HELP and pair not in opted_out:
        return HELP_REPLY
    return None
