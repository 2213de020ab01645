"""Who may call: key pairs, tokens, and the identity behind them."""

from __future__ import annotations

from tests.conformance.expectations import check, equal


def case_login_with_basic_credentials(s):
    for method in ("GET", "POST"):
        answer = s.anonymous(method, "/v2.31/auth.login", auth=(s.key, s.secret))
        token = s.expect(answer, 200, 0, f"{method} auth.login")["token"]
        equal(token.count("."), 2, "dots in the token, which is a JWT")
        answer = s.anonymous("POST", "/users.get_current_user", headers={"Authorization": f"Bearer {token}"})
        s.expect(answer, 200, 0, "a call with the new token")


def case_bad_secret_is_401_22(s):
    s.expect(s.anonymous("POST", "/auth.login", auth=(s.key, "wrong" + s.secret)), 401, 22, "auth.login, wrong secret")
    s.expect(s.anonymous("GET", "/auth.login", auth=(s.key, "")), 401, 22, "auth.login, empty secret")


def case_no_token_is_401_20_and_bad_token_401_30(s):
    s.expect(s.anonymous("POST", "/v2.31/tasks.get_all", json={}), 401, 20, "tasks.get_all without a token")
    for token in ("bad", "a.b.c", s.token[:-4] + "AAAA"):
        headers = {"Authorization": f"Bearer {token}"}
        s.expect(
            s.anonymous("POST", "/v2.31/tasks.get_all", json={}, headers=headers),
            401,
            30,
            "tasks.get_all with a bad token",
        )


def case_current_user_and_server_info(s):
    user = s.ok("users.get_current_user")["user"]
    check(user["id"] and user["name"], "the current user lacks id or name")
    check(user["company"]["id"], "the current user lacks a company id")
    info = s.ok("server.info")
    check(info["version"].split(".")[0].isdigit(), "server.info has no version")
    check(tuple(map(int, info["api_version"].split("."))) >= (2, 23), "server.info has too low an api_version")
