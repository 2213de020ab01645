"""Attacks on a running server, on all its ports."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import psutil
import pytest
import requests
from starlette.routing import Route

from embedded_server import application, schemas, services
from embedded_server.access.accounts import COOKIE, TOKEN_KEY_FILE
from embedded_server.access.attempts import MOST_FAILURES
from embedded_server.calls import ACTIONS
from embedded_server.dispatch import PUBLIC
from tests.embedded_server.server_process import FREE_PORTS, PATIENCE, ServerProcess, command, environment, raw, refused

SECRET = "what-nobody-may-see"
#: of the web port: what a browser needs before anybody is logged in, and which shows nothing of the store
OPEN_PAGES = {("/login", "GET"), ("/login", "POST"), ("/logout", "POST"), ("/static/{version}/{name}", "GET")}
FOREIGN_ORIGINS = [
    "null",
    "https://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost:3000",
    "{web}.evil.example",
    "{web}/",
    "http://evil.example#{web}",
    "HTTP://127.0.0.1:3000",
    "https://{host}",
    "*",
    "",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("safety") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def task(server: ServerProcess) -> str:
    """A task with a file, whose name no answer to a stranger may hold."""
    made = server.ok("tasks.create", name=SECRET, type="training")["id"]
    server.http.post(server.address["files"], files={"secret.txt": ("x", SECRET.encode())}).raise_for_status()
    return str(made)


@pytest.fixture
def anybody() -> Iterator[requests.Session]:
    """A client that nobody knows."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def tokens_of_strangers(server: ServerProcess) -> list[str]:
    """Tokens that look like one of ours."""
    claims = jwt.decode(server.token, options={"verify_signature": False})
    key = bytes.fromhex((server.folder / TOKEN_KEY_FILE).read_text())
    return [
        "",
        "x",
        server.token[:-6] + "AAAAAA",
        jwt.encode(claims, "k" * 32, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode({**claims, "exp": 1}, key, algorithm="HS256"),
    ]


class TestNothingWithoutCredentials:
    def test_no_action(self, server: ServerProcess, task: str, anybody: requests.Session) -> None:
        services.load()
        assert len(schemas.known_endpoints()) > 130
        assert len(ACTIONS) > 130
        for endpoint in sorted({*schemas.known_endpoints(), *ACTIONS}):
            answer = anybody.post(f"{server.address['api']}/v2.31/{endpoint}", json={"task": task, "id": [task]})
            assert answer.status_code == (200 if endpoint in PUBLIC else 401), endpoint
            assert SECRET not in answer.text
            assert answer.json()["data"] == {} or endpoint in PUBLIC

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
    def test_no_method(self, server: ServerProcess, task: str, anybody: requests.Session, method: str) -> None:
        for port, path in (("api", "/tasks.get_all"), ("files", "/secret.txt"), ("files", "/")):
            answer = anybody.request(method, server.address[port] + path)
            assert answer.status_code in ({200} if path == "/" and method in ("GET", "HEAD") else {401, 405})
            assert SECRET not in answer.text

    def test_no_forged_token(self, server: ServerProcess, task: str, anybody: requests.Session) -> None:
        for token in tokens_of_strangers(server):
            for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"{COOKIE}={token}"}):
                for port, path in (("api", "/tasks.get_all"), ("files", "/secret.txt"), ("web", "/index.json")):
                    method = "POST" if port == "api" else "GET"
                    answer = anybody.request(method, server.address[port] + path, headers=headers)
                    assert answer.status_code == 401, (token, path)
                    assert SECRET not in answer.text

    def test_no_page(self, server: ServerProcess, task: str, anybody: requests.Session, tmp_path: Path) -> None:
        built = application.build(tmp_path)
        built.database.close()
        values = {"id": task, "project": "*", "before": "projects/*", "after": "output/log", "path": "secret.txt"}
        visited = 0
        for route in built.web.routes:
            assert isinstance(route, Route)
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values.get(found[1], "x"), route.path)
            for method in route.methods or ():
                visited += 1
                answer = anybody.request(method, server.address["web"] + path, allow_redirects=False, json={"ids": []})
                assert SECRET not in answer.text, path
                if (route.path, method.replace("HEAD", "GET")) not in OPEN_PAGES:
                    # 403: what changes something has to come from one of our pages
                    assert answer.status_code == 401 or (method == "POST" and answer.status_code == 403), path
        assert visited > 30

    def test_no_page_for_a_stranger_who_says_that_he_comes_from_one(
        self, server: ServerProcess, task: str, anybody: requests.Session
    ) -> None:
        ours = {"Origin": server.address["web"], "Sec-Fetch-Site": "same-origin"}
        answer = anybody.post(
            f"{server.address['web']}/actions", json={"action": "delete", "ids": [task]}, headers=ours
        )
        assert answer.status_code == 401
        assert server.ok("tasks.get_by_id", task=task)["task"]["id"] == task

    def test_a_stranger_s_body_is_not_waited_for(self, server: ServerProcess) -> None:
        for port, path in (("api", "/events.add_batch"), ("files", "/")):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
            with raw(server.address[port]) as connection:
                connection.sendall(head.encode())
                assert connection.makefile("rb").readline().split()[1] == b"401"


class TestOrigins:
    """What a browser may do for the page that it shows."""

    @pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
    def test_at_the_api_a_page_of_another_site_does_not_act_by_the_cookie(
        self, server: ServerProcess, task: str, anybody: requests.Session, origin: str
    ) -> None:
        web = server.address["web"]
        headers = {
            "Origin": origin.format(web=web, host=urlsplit(web).netloc),
            "Cookie": f"{COOKIE}={server.token}",
        }
        url = f"{server.address['api']}/tasks.delete"
        answers = [
            anybody.post(url, json={"task": task, "force": True}, headers=headers),
            anybody.get(f"{url}?task={task}&force=true", headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert server.ok("tasks.get_by_id", task=task)["task"]["id"] == task

    def test_at_the_api_a_page_of_another_site_acts_by_a_token_that_it_knows(
        self, server: ServerProcess, task: str, anybody: requests.Session
    ) -> None:
        """As the genuine web interface does."""
        origin = {"Origin": "https://app.clearml.example"}
        url = f"{server.address['api']}/tasks.get_by_id"
        asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        permission = anybody.options(url, headers=asked)
        answer = anybody.post(url, json={"task": task}, headers={**origin, "Authorization": f"Bearer {server.token}"})
        assert (permission.status_code, answer.status_code) == (200, 200)
        assert permission.headers["Access-Control-Allow-Headers"] == "authorization"
        for one in (permission, answer):
            assert one.headers["Access-Control-Allow-Origin"] == origin["Origin"]
            assert one.headers["Access-Control-Allow-Credentials"] == "true"

    @pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
    def test_no_page_of_another_site_may_use_the_files_port(
        self, server: ServerProcess, task: str, anybody: requests.Session, origin: str
    ) -> None:
        web = server.address["web"]
        headers = {"Origin": origin.format(web=web, host=urlsplit(web).netloc)}
        asked = {**headers, "Access-Control-Request-Method": "POST"}
        url = f"{server.address['files']}/"
        for known in ({"Cookie": f"{COOKIE}={server.token}"}, {"Authorization": f"Bearer {server.token}"}):
            answers = [
                anybody.options(url, headers=asked),
                anybody.post(url, files={"planted": b"x"}, headers={**headers, **known}),
                anybody.get(f"{url}secret.txt", headers={**headers, **known}),
            ]
            for answer in answers:
                assert answer.status_code == 403
                assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert server.http.get(f"{server.address['files']}/planted").status_code == 404

    @pytest.mark.parametrize("port", ["api", "files"])
    def test_our_own_page_may(self, server: ServerProcess, task: str, anybody: requests.Session, port: str) -> None:
        origin = {"Origin": server.address["web"]}
        asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        url = server.address[port] + ("/tasks.get_all" if port == "api" else "/secret.txt")
        permission = anybody.options(url, headers=asked)
        assert permission.status_code == 200
        assert permission.headers["Access-Control-Allow-Headers"] == "content-type"
        assert "POST" in permission.headers["Access-Control-Allow-Methods"]
        answer = anybody.request(
            "POST" if port == "api" else "GET", url, headers={**origin, "Cookie": f"{COOKIE}={server.token}"}
        )
        assert answer.status_code == 200
        for one in (permission, answer):
            assert one.headers["Access-Control-Allow-Origin"] == server.address["web"]
            assert one.headers["Access-Control-Allow-Credentials"] == "true"
            assert one.headers["Vary"] == "Origin"

    def test_a_cookie_alone_does_not_make_a_link_act(
        self, server: ServerProcess, task: str, anybody: requests.Session
    ) -> None:
        """As <img src="http://127.0.0.1:8008/tasks.delete?task=..."> in any page would."""
        cookie = {"Cookie": f"{COOKIE}={server.token}"}
        for method in ("GET", "HEAD"):
            answer = anybody.request(
                method, f"{server.address['api']}/tasks.delete?task={task}&force=true", headers=cookie
            )
            assert answer.status_code == 401
        assert server.ok("tasks.get_by_id", task=task)["task"]["id"] == task

    def test_a_program_that_sends_no_origin_may_use_the_cookie(
        self, server: ServerProcess, task: str, anybody: requests.Session
    ) -> None:
        cookie = {"Cookie": f"{COOKIE}={server.token}"}
        assert anybody.post(f"{server.address['api']}/tasks.get_all", headers=cookie).status_code == 200
        assert anybody.get(f"{server.address['files']}/secret.txt", headers=cookie).text == SECRET

    @pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
    def test_no_page_of_another_site_acts_by_the_web_port(
        self, server: ServerProcess, task: str, anybody: requests.Session, headers: dict[str, str]
    ) -> None:
        cookie = {"Cookie": f"{COOKIE}={server.token}"}
        answer = anybody.post(
            f"{server.address['web']}/actions",
            json={"action": "delete", "ids": [task]},
            headers={**headers, **cookie},
        )
        assert answer.status_code == 403
        assert server.ok("tasks.get_by_id", task=task)["task"]["id"] == task

    def test_no_answer_names_everybody(self, server: ServerProcess, anybody: requests.Session) -> None:
        for port, origin in itertools.product(("api", "files", "web"), (server.address["web"], "https://evil.example")):
            named = (origin,) if port == "api" else (None, server.address["web"])
            for method in ("GET", "OPTIONS", "POST"):
                answer = anybody.request(method, server.address[port], headers={"Origin": origin})
                assert answer.headers.get("Access-Control-Allow-Origin") in named

    def test_no_answer_makes_a_browser_ask_for_a_password_that_it_keeps(
        self, server: ServerProcess, anybody: requests.Session
    ) -> None:
        for port in ("api", "files", "web"):
            answer = anybody.get(f"{server.address[port]}/tasks.get_all")
            assert answer.status_code == 401
            assert "WWW-Authenticate" not in answer.headers

    @pytest.mark.parametrize("port", ["api", "files", "web"])
    def test_every_answer_tells_a_browser_to_run_nothing(
        self, server: ServerProcess, anybody: requests.Session, port: str
    ) -> None:
        for path in ("/", "/debug.ping", "/login", "/nothing"):
            headers = anybody.get(server.address[port] + path).headers
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'")
            assert not set(re.findall(r"'unsafe-[a-z-]+'|\*|https?:", policy))
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"


class TestBinding:
    def test_from_this_machine_only(self, server: ServerProcess) -> None:
        listening = {
            connection.laddr.ip
            for connection in psutil.Process(server.process.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}

    @pytest.mark.parametrize("host", ["0.0.0.0", "::"])
    def test_from_elsewhere_only_with_a_flag_that_says_what_it_means(self, tmp_path: Path, host: str) -> None:
        said = refused(tmp_path / "data", "--host", host, *FREE_PORTS)
        assert "--allow-remote" in said
        assert "plain HTTP" in said
        assert not (tmp_path / "data").exists()

    def test_another_origin_may_be_named(self, tmp_path: Path, anybody: requests.Session) -> None:
        server = ServerProcess(tmp_path / "data", *FREE_PORTS, "--web-origin", "https://Clearml.example/")
        answer = anybody.get(server.address["files"], headers={"Origin": "https://clearml.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://clearml.example"
        server.stop()

    @pytest.mark.parametrize("origin", ["*", "clearml.example", "https://clearml.example/path", "ftp://x", "null"])
    def test_what_is_no_origin_is_refused(self, tmp_path: Path, origin: str) -> None:
        words = command(tmp_path / "data", "--web-origin", origin)
        ended = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
        assert ended.returncode == 2
        assert "https://clearml.example" in ended.stderr.splitlines()[-1]


class TestUploads:
    def test_are_never_held_in_memory(self, server: ServerProcess) -> None:
        megabyte, size = bytes(1 << 20), 100

        def body() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="large"; filename="large"\r\n\r\n'
            yield from itertools.repeat(megabyte, size)
            yield b"\r\n--b--\r\n"

        process = psutil.Process(server.process.pid)
        peak = [before := process.memory_info().rss]
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(0.01):
                peak.append(process.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = server.http.post(server.address["files"], data=body(), headers=headers, timeout=PATIENCE * 2)
        is_over.set()
        watcher.join()
        assert answer.json() == ["large"]
        assert len(peak) > 5
        assert max(peak) - before < 20 << 20  # of 100 MiB sent
        url = f"{server.address['files']}/large"
        with server.http.get(url, stream=True) as answer:
            assert sum(map(len, answer.iter_content(1 << 20))) == size << 20
        assert process.memory_info().rss - before < 20 << 20
        server.http.delete(url).raise_for_status()

    def test_too_large_a_body_of_a_call_is_refused_and_the_connection_lives_on(self, server: ServerProcess) -> None:
        body = itertools.repeat(bytes(1 << 20), 101)
        answer = server.http.post(f"{server.address['api']}/tasks.get_all", data=body, timeout=PATIENCE * 2)
        assert answer.status_code == 413
        assert "104857600 bytes" in answer.json()["meta"]["result_msg"]
        assert server.ok("debug.ping")


class TestSlowClients:
    """Their connections are the matter of test_connections."""

    @pytest.mark.parametrize("port", ["api", "files", "web"])
    def test_a_huge_head_is_refused(self, server: ServerProcess, port: str) -> None:
        with raw(server.address[port]) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (80 << 10))
            assert connection.recv(100).split()[1] == b"400"

    @pytest.mark.parametrize("host", ["[", "[::1", "evil.example/tasks.delete?x", "a b", "x" * 5000])
    def test_no_host_that_a_request_names_leads_anywhere(self, server: ServerProcess, host: str) -> None:
        for port, path in (("api", "/debug.ping"), ("files", "/nothing"), ("web", "/index.json"), ("web", "/login")):
            with raw(server.address[port]) as connection:
                known = f"Authorization: Bearer {server.token}"
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{known}\r\n\r\n".encode())
                assert connection.recv(100).split()[1] in (b"200", b"400", b"404")

    def test_many_that_stop_in_the_middle_keep_nobody_else_waiting(self, server: ServerProcess) -> None:
        """Many more than the server has threads."""
        calls = {"api": "/events.add_batch", "files": "/", "web": "/actions"}
        ours = f"Origin: {server.address['web']}\r\nSec-Fetch-Site: same-origin\r\n"
        waiting = []
        for port, path in calls.items():
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            kind = "multipart/form-data; boundary=b" if port == "files" else "application/json"
            known = f"Authorization: Bearer {server.token}\r\nContent-Type: {kind}\r\n"
            for _ in range(60):
                waiting.append(raw(server.address[port]))
                waiting[-1].sendall(f"{head}{known}{ours if port == 'web' else ''}\r\n".encode())
        try:
            assert server.ok("debug.ping")
            assert server.http.get(f"{server.address['web']}/index.json").status_code == 200
            assert server.http.get(f"{server.address['files']}/nothing").status_code == 404
        finally:
            for connection in waiting:
                connection.close()


class TestLogIn:
    def test_no_secret_is_written_anywhere_but_into_its_own_file(
        self, server: ServerProcess, anybody: requests.Session
    ) -> None:
        made = server.ok("auth.create_credentials", label="an agent's")["credentials"]
        words = command(server.folder, "--print-login-link")
        link = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True).stdout.strip()
        anybody.get(link)
        url = server.address["api"]
        for secret in (made["secret_key"], server.key_pair[1]):
            anybody.post(f"{url}/auth.login", auth=(made["access_key"], secret))
            anybody.post(f"{url}/auth.login", auth=(secret, made["access_key"]))
            anybody.post(f"{url}/{secret}", auth=server.key_pair)
            anybody.post(f"{url}/tasks.get_all", data=f'{{"{secret}', auth=server.key_pair)
            anybody.post(f"{url}/tasks.get_by_id", json={"task": {secret: 1}}, auth=server.key_pair)
            anybody.post(f"{url}/queues.get_all", json={"name": f"({secret}"}, auth=server.key_pair)
        with raw(url) as connection:
            connection.sendall(f"nonsense {made['secret_key']}\r\n\r\n".encode())
            assert connection.recv(1000)
        told = {
            "the first secret": server.key_pair[1],
            "another secret": made["secret_key"],
            "a token": server.token,
            "a link": link.partition("token=")[2],
            "the token key": (server.folder / TOKEN_KEY_FILE).read_text().strip(),
        }
        written = [file for file in [server.log, *server.folder.rglob("*")] if file.is_file()]
        found = {what for what, secret in told.items() for file in written if secret.encode() in file.read_bytes()}
        assert found == {"the first secret", "the token key"}
        assert [file.name for file in written if told["the first secret"].encode() in file.read_bytes()] == [
            "credentials.json"
        ]
        assert "Traceback" not in server.log.read_text()

    def test_secrets_are_told_once(self, server: ServerProcess) -> None:
        made = server.ok("auth.create_credentials")["credentials"]
        for endpoint in ("auth.get_credentials", "users.get_all", "users.get_current_user", "server.config"):
            told = json.dumps(server.ok(endpoint))
            assert made["secret_key"] not in told
            assert server.key_pair[1] not in told

    def test_who_logs_out_leaves_no_cookie_that_works(self, server: ServerProcess, anybody: requests.Session) -> None:
        ours = {"Origin": server.address["web"], "Sec-Fetch-Site": "same-origin"}
        form = dict(zip(("access_key", "secret_key"), server.key_pair, strict=True))
        anybody.post(f"{server.address['web']}/login", data=form, headers=ours, allow_redirects=False)
        stolen = {"Cookie": f"{COOKIE}={anybody.cookies[COOKIE]}"}
        anybody.cookies.clear()
        assert anybody.get(f"{server.address['web']}/index.json", headers=stolen).status_code == 200
        anybody.post(f"{server.address['web']}/logout", headers={**ours, **stolen}, allow_redirects=False)
        for url in (f"{server.address['web']}/index.json", f"{server.address['files']}/secret.txt"):
            assert anybody.get(url, headers=stolen).status_code == 401
        assert anybody.post(f"{server.address['api']}/tasks.get_all", headers=stolen).status_code == 401

    def test_the_cookie_is_for_this_server_s_own_pages(self, server: ServerProcess, anybody: requests.Session) -> None:
        link = anybody.post(f"{server.address['web']}/login-link", auth=server.key_pair).json()["link"]
        given = anybody.get(link, allow_redirects=False).headers["Set-Cookie"]
        marks = {mark.strip().lower() for mark in given.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= marks
        assert not [mark for mark in marks if mark.startswith("domain")]

    @pytest.mark.parametrize(
        "target", ["https://evil.example", "//evil.example", "/\\evil.example", "http://[", "\n/x"]
    )
    def test_no_link_to_the_log_in_leads_elsewhere(
        self, server: ServerProcess, anybody: requests.Session, target: str
    ) -> None:
        link = anybody.post(f"{server.address['web']}/login-link", auth=server.key_pair).json()["link"]
        answer = anybody.get(link, params={"next": target}, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")

    def test_a_token_is_as_short_lived_as_was_asked_for(self, server: ServerProcess, anybody: requests.Session) -> None:
        url = f"{server.address['api']}/auth.login"
        for how in ({"json": {"expiration_sec": 90}}, {"params": {"expiration_sec": 90}}):
            answer = anybody.get(url, auth=server.key_pair, **how)
            claims = jwt.decode(answer.json()["data"]["token"], options={"verify_signature": False})
            assert claims["exp"] - claims["iat"] == 90

    def test_guesses_are_limited_and_the_owner_still_gets_in(
        self, server: ServerProcess, anybody: requests.Session
    ) -> None:
        url, key = f"{server.address['api']}/auth.login", server.key_pair[0]
        answers = [
            # Nobody says by a header that he is somebody else.
            anybody.post(url, auth=(key, f"guess-{number}"), headers={"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(MOST_FAILURES + 20)
        ]
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {401, 429}  # how many of each, test_accounts says by a clock of its own
        limited = answers[codes.index(429)]
        assert limited.json()["meta"]["result_code"] == 429
        assert 1 <= int(limited.headers["Retry-After"]) <= 3
        ours = {"Origin": server.address["web"], "Sec-Fetch-Site": "same-origin"}
        form = {"access_key": key, "secret_key": "guess"}
        last = [
            anybody.get(url, auth=("ANOTHER", "guess")),
            anybody.post(f"{server.address['web']}/login-link", auth=(key, "guess")),
            anybody.post(f"{server.address['web']}/login", data=form, headers=ours),
            anybody.get(f"{server.address['web']}/login?token=guess"),
        ]
        assert [answer.status_code for answer in last].count(429) >= 3

        assert anybody.post(url, auth=server.key_pair).status_code == 200
        assert server.ok("tasks.get_all") is not None
        link = [*command(server.folder, "--print-login-link")]
        assert subprocess.run(link, env=environment(), capture_output=True, timeout=PATIENCE).returncode == 0
        lines = [line for line in server.log.read_text().splitlines() if "log-in attempts" in line]
        assert 1 <= len(lines) <= 4
        assert "from this machine have to wait" in "".join(lines)
