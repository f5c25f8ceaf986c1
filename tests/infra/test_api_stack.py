"""The HTTP API in the template: the topology's routes, each guarded as it says."""

from __future__ import annotations

import json

from engage_sms import topology
from tests.infra.synthesized import Template


def test_the_routes_and_their_guards_are_the_topology_s(template: Template) -> None:
    """A route asks for a token exactly when the topology says so, and goes to its own function."""
    made = {}
    integrations = template.of("ApiGatewayV2::Integration")
    for each in template.of("ApiGatewayV2::Route").values():
        integration = integrations[each["Target"]["Fn::Join"][1][1]["Ref"]]
        target = template.short(integration["IntegrationUri"])
        made[each["RouteKey"]] = (target, each["AuthorizationType"], "AuthorizerId" in each)
    expected = {}
    for function, route in topology.ROUTES:
        token = route.auth is topology.Auth.JWT
        expected[f"{route.method} {route.path}"] = (function.name, "JWT" if token else "NONE", token)

    assert made == expected


def test_without_context_tokens_come_from_the_stack_s_own_user_pool(template: Template) -> None:
    """A first deployment needs no identity provider; the pool knows the topology's roles as groups."""
    [authorizer] = template.of("ApiGatewayV2::Authorizer").values()
    [pool] = template.of("Cognito::UserPool")
    [client] = template.of("Cognito::UserPoolClient")
    groups = {each["GroupName"] for each in template.of("Cognito::UserPoolGroup").values()}
    jwt = authorizer["JwtConfiguration"]

    assert jwt["Audience"] == [{"Ref": client}]
    assert jwt["Issuer"] == {"Fn::Join": ["", ["https://", {"Fn::GetAtt": [pool, "ProviderName"]}]]}
    assert groups == {role.value for role in topology.Role}


def test_nobody_can_choose_their_own_organization(template: Template) -> None:
    """Users of the pool are made by administrators, and their organization is fixed from then on."""
    [pool] = template.of("Cognito::UserPool").values()
    [client] = template.of("Cognito::UserPoolClient").values()
    [organization] = [each for each in pool["Schema"] if each["Name"] == "org_id"]
    variables = template.function("directory")["Environment"]["Variables"]

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert organization["Mutable"] is False
    assert set(client["WriteAttributes"]) == {"email", "name"}
    assert variables["ORGANIZATION_CLAIM"] == "custom:org_id"


def test_an_issuer_of_the_context_replaces_the_user_pool(production: Template) -> None:
    """Who has an identity provider gets no second one."""
    [authorizer] = production.of("ApiGatewayV2::Authorizer").values()
    variables = production.function("directory")["Environment"]["Variables"]

    assert authorizer["JwtConfiguration"] == {"Audience": ["engage-sms"], "Issuer": "https://login.example.com/"}
    assert production.of("Cognito::UserPool") == {}
    assert (variables["ORGANIZATION_CLAIM"], variables["ROLES_CLAIM"]) == ("org_id", "roles")


def test_the_api_is_throttled_and_logs_no_path(template: Template) -> None:
    """One caller cannot use up the account, and access logs name routes, not people."""
    [stage] = template.of("ApiGatewayV2::Stage").values()
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    settings = stage["DefaultRouteSettings"]

    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"]
    assert not {"$context.path", "$context.identity.sourceIp"} & set(logged.values())
    assert logged["route"] == "$context.routeKey"


def test_a_domain_name_is_the_only_way_in(template: Template, production: Template) -> None:
    """With a name of the context's the API answers under it alone, over TLS 1.2, and the zone knows where it is."""
    [domain] = production.of("ApiGatewayV2::DomainName").values()
    [mapping] = production.of("ApiGatewayV2::ApiMapping").values()
    [record] = production.of("Route53::RecordSet").values()
    [api] = production.of("ApiGatewayV2::Api").values()

    assert (domain["DomainName"], record["Name"], record["HostedZoneId"]) == (
        "sms.example.com",
        "sms.example.com",
        "Z0123456789ABC",
    )
    assert domain["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert mapping["Stage"] == "$default"
    assert api["DisableExecuteApiEndpoint"] is True
    assert template.of("ApiGatewayV2::DomainName") == {}


def test_only_this_api_may_call_its_functions(template: Template) -> None:
    """A permission names the API or the rule it is for; no other account can use the function."""
    permissions = template.of("Lambda::Permission").values()

    assert len(permissions) >= sum(1 for function in topology.FUNCTIONS if function.routes)
    assert all("SourceArn" in permission for permission in permissions)
