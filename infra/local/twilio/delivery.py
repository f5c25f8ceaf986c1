"""What becomes of messages: statuses reached as time passes, texts from phones, and the webhooks that tell of both."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urldefrag

from engage_sms.domain.segments import measure
from infra.local.twilio import opt_out
from infra.local.twilio.state import Message, Number, Progress, Received, Webhook, World

QUEUED, SENT, SETTLED = 0.2, 0.5, 1.0
"""Seconds after the message was taken."""
RETRY_AFTER = 1.0
_NEVER_SENT = frozenset({21610, 30001, 30002})
"""Errors that end a message before a carrier saw it: `failed`; with the others it is `undelivered`."""
_BILLED = ("sent", "delivered", "undelivered")


def segments(body: str, media_urls: tuple[str, ...]) -> int:
    """As Twilio counts them; a message with media is one."""
    return 1 if media_urls else measure(body).segments


def plan(world: World, message: Message, error_code: int | None) -> None:
    """Puts the statuses of a new message on the agenda. The first one (of the answer) has no callback."""
    steps = [(SENT, "sent", None), (SETTLED, "undelivered" if error_code else "delivered", error_code)]
    if error_code in _NEVER_SENT:
        steps = [(SENT, "failed", error_code)]
    elif message.service_sid:
        steps.insert(0, (QUEUED, "queued", None))
    reordered = world.faults.take("callbacks", "reordered") is not None
    for after, status, code in steps:
        # Reordered: the callbacks come in the opposite order, the statuses are reached as ever.
        wait = 2 * (SETTLED - after) if reordered else 0
        progress = Progress(message_sid=message.sid, status=status, error_code=code, callback_after=wait)
        world.plan(message.created_at + timedelta(seconds=after), progress)


def progress(world: World, step: Progress, at: datetime) -> None:
    """The message reaches the status; its callback is put on the agenda."""
    message = world.messages[step.message_sid]
    message.status, message.error_code, message.updated_at = step.status, step.error_code, at
    if message.sender is None and message.service_sid:
        pool = world.services[message.service_sid].pool
        message.sender = world.numbers[pool[0]].phone if pool else None
    if step.status in _BILLED or step.status == "queued":
        message.segments = segments(message.body, message.media_urls)
    if step.status == "sent":
        message.sent_at = at
    if step.status == "delivered":
        text = Received(sender=message.sender or "", body=message.body, at=at, media_urls=message.media_urls)
        world.phones[message.to].append(text)
    if message.status_callback:
        post = Webhook(
            account_sid=message.account_sid,
            url=message.status_callback,
            form=_status_form(message),
            token=world.hexadecimal(),
        )
        _plan_webhook(world, "callbacks", at + timedelta(seconds=step.callback_after), post)


def text_from_phone(
    world: World, number: Number, phone: str, body: str, media_urls: tuple[str, ...], now: datetime
) -> Message | None:
    """A contact texts a number: Twilio's own reply, the record, and the webhook. None when nobody listens."""
    service = world.service_of(number)
    url = service.inbound_url if service and not service.inbound_on_number else number.sms_url
    reply = opt_out.handle(world.opted_out, service.sid if service else number.phone, phone, body)
    if reply:
        world.phones[phone].append(Received(sender=number.phone, body=reply, at=now, auto=True))
    if service and not url:
        return None  # such texts are neither logged nor delivered
    message = Message(
        sid=f"{'MM' if media_urls else 'SM'}{world.hexadecimal()}",
        account_sid=number.account_sid,
        direction="inbound",
        to=number.phone,
        sender=phone,
        body=body,
        media_urls=media_urls,
        service_sid=service.sid if service else None,
        status="received",
        segments=segments(body, media_urls),
        created_at=now,
        sent_at=now,
        updated_at=now,
    )
    world.messages[message.sid] = message
    if url:
        form = _inbound_form(message)
        post = Webhook(account_sid=message.account_sid, url=url, form=form, token=world.hexadecimal())
        _plan_webhook(world, "inbound", now, post)
    return message


def _plan_webhook(world: World, operation: str, at: datetime, post: Webhook) -> None:
    fault = world.faults.take(operation, "dropped", "duplicated")
    if fault != "dropped":
        world.plan(at, post)
    if fault == "duplicated":
        world.plan(at, post)


def retry(post: Webhook, failure: str) -> Webhook | None:
    """The same webhook once more, if its URL's fragment says so (`rc` times, for the failures in `rp`).

    `failure` is `ct` (no connection), `rt` (no answer), `4xx` or `5xx`. By default: once, for `ct` alone
    (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
    """
    overrides = dict(parse_qsl(urldefrag(post.url).fragment))
    causes = overrides.get("rp", "ct").split(",")
    if post.retries_done >= int(overrides.get("rc", "1")) or not {failure, "all"} & set(causes):
        return None
    return Webhook(
        account_sid=post.account_sid,
        url=post.url,
        form=post.form,
        token=post.token,
        retries_done=post.retries_done + 1,
    )


def _status_form(message: Message) -> tuple[tuple[str, str], ...]:
    form = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "From": message.sender or "",
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    if message.error_code:
        form["ErrorCode"] = str(message.error_code)
    if message.status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = f"{message.updated_at:%y%m%d%H%M}"
    return tuple(form.items())


def _inbound_form(message: Message) -> tuple[tuple[str, str], ...]:
    form = {
        "ToCountry": "US",
        "ToState": "",
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media_urls)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": message.body,
        "FromCountry": "US",
        "To": message.to,
        "ToZip": "",
        "NumSegments": str(message.segments),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender or "",
        "ApiVersion": "2010-04-01",
    }
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    for index, url in enumerate(message.media_urls):
        form |= {f"MediaContentType{index}": "image/jpeg", f"MediaUrl{index}": url}
    return tuple(form.items())
