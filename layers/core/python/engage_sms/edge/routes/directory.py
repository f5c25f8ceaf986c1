"""Users and contacts."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from engage_sms.edge.api import Caller, WithPorts, make_app
from engage_sms.edge.describe import operation
from engage_sms.edge.schemas.base import Id
from engage_sms.edge.schemas.directory import (
    ContactAnswer,
    ContactBody,
    ContactsAnswer,
    PlainContactAnswer,
    UserAnswer,
    UserBody,
    UsersAnswer,
)
from engage_sms.usecases.list_users import ListUsers, list_users
from engage_sms.usecases.put_contact import PutContact, put_contact
from engage_sms.usecases.put_user import PutUser, put_user
from engage_sms.usecases.view_contact import ListContacts, ViewContact, list_contacts, view_contact

app = make_app()


@app.put(
    "/v1/users/<id>",
    **operation(
        "Users",
        "Add or change a user",
        "Repeating it changes nothing; the number a user has stays.",
        {200: UserAnswer},
        "malformed-body",
        "not-found",
    ),
)
def put_a_user(id: Annotated[Id, Path()], body: UserBody, caller: Caller, ports: WithPorts) -> UserAnswer:  # noqa: A002
    return UserAnswer.of(put_user(PutUser(org_id=caller.org_id, id=id, **body.model_dump()), ports))


@app.get(
    "/v1/users",
    **operation(
        "Users",
        "The phone-management list",
        "Users by name, in pages, searched by name, email, cell phone or number.",
        {200: UsersAnswer},
    ),
)
def users(
    caller: Caller,
    ports: WithPorts,
    search: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 25,
    provisioned: Annotated[bool | None, Query(description="Only users with (or without) a number.")] = None,
) -> UsersAnswer:
    command = ListUsers(org_id=caller.org_id, search=search, page=page, per_page=per_page, provisioned=provisioned)
    return UsersAnswer.of(list_users(command, ports))


@app.put(
    "/v1/contacts/<id>",
    **operation(
        "Contacts",
        "Add or change a contact",
        "Consent belongs to the phone number: a contact whose number changes has to opt in again.",
        {200: PlainContactAnswer},
        "malformed-body",
        "not-found",
    ),
)
def put_a_contact(
    id: Annotated[Id, Path()],  # noqa: A002
    body: ContactBody,
    caller: Caller,
    ports: WithPorts,
) -> PlainContactAnswer:
    return PlainContactAnswer.of(put_contact(PutContact(org_id=caller.org_id, id=id, **body.model_dump()), ports))


@app.get(
    "/v1/contacts",
    **operation(
        "Contacts",
        "The organization's contacts",
        "Each with what the caller may do; searched by name, email or phone.",
        {200: ContactsAnswer},
        "not-found",
    ),
)
def contacts(
    caller: Caller,
    ports: WithPorts,
    search: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> ContactsAnswer:
    command = ListContacts(org_id=caller.org_id, user_id=caller.user_id, search=search, cursor=cursor, limit=limit)
    page = list_contacts(command, ports)
    return ContactsAnswer(items=[ContactAnswer.seen(view) for view in page.items], next_cursor=page.cursor)


@app.get(
    "/v1/contacts/<id>",
    **operation(
        "Contacts",
        "One contact",
        "With the consent towards the caller, and whether the caller may message it or ask it to opt in.",
        {200: ContactAnswer},
        "not-found",
    ),
)
def contact(id: Annotated[Id, Path()], caller: Caller, ports: WithPorts) -> ContactAnswer:  # noqa: A002
    command = ViewContact(org_id=caller.org_id, user_id=caller.user_id, contact_id=id)
    return ContactAnswer.seen(view_contact(command, ports))
