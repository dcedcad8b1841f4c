"""The Graph API on this machine: it answers as Meta documents business discovery, paging, limits and errors."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "EAAtesttoken0123456789secret"
ASKER = "17841405309211844"
FIELDS = re.compile(
    r"business_discovery\.username\(([^(){}]*)\)\{([^{}]*?)media(?:\.after\(([^)]*)\))?\.limit\((\d+)\)\{([^}]*)\}\}"
)

Answer = tuple[int, dict[str, str], Any]


def error(code: int, message: str = "What went wrong", status: int = 400, **more: Any) -> Answer:
    """An error in the documented form (Graph API, Handling Errors)."""
    told = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu", **more}
    return status, {}, {"error": told}


def limit(minutes: int | None = None) -> Answer:
    """The platform's limit (code 4), with the header of Rate Limits where the wait is announced."""
    status, _, body = error(4, "(#4) Application request limit reached", 403)
    usage = {ASKER: [{"type": "instagram", "call_count": 100, "total_cputime": 20, "total_time": 20}]}
    if minutes is not None:
        usage[ASKER][0]["estimated_time_to_regain_access"] = minutes
    return status, {"X-Business-Use-Case-Usage": json.dumps(usage)}, body


NOBODY = error(
    110,
    "Invalid user id",
    error_subcode=2207013,
    is_transient=False,
    error_user_title="Cannot find User",
    error_user_msg="The user with username: nobody cannot be found.",
)


def at_once(name: str) -> None:
    """Do nothing before an answer."""


@dataclass
class Account:
    """One professional account; a post is its fields."""

    followers: int
    follows: int | None
    posts: list[dict[str, Any]]


def posts(number: int, **changes: Any) -> list[dict[str, Any]]:
    """Posts of one account: the i-th has i likes and 2 i comments."""
    return [
        {
            "id": f"1785{i:04d}",
            "media_type": "IMAGE",
            "media_product_type": "FEED",
            "like_count": i,
            "comments_count": 2 * i,
            "timestamp": f"2026-01-{1 + i % 28:02d}T09:00:00+0000",
            **changes,
        }
        for i in range(1, number + 1)
    ]


@dataclass
class Api:
    """What the API has, what it answers first, and what it was asked."""

    accounts: dict[str, Account] = field(default_factory=dict)
    first: list[Answer | Callable[[], Answer]] = field(default_factory=list)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cursor_on_last_page: bool = False
    date: str | None = None  # in place of the server's
    url: str = ""
    before: Callable[[str], None] = at_once

    def answer(self, path: str) -> Answer:
        """Answer one request."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.seen.append(path)
        if not re.fullmatch(rf"/v\d+\.0/{ASKER}", parts.path):
            return error(100, "Unsupported get request.", error_subcode=33)
        wanted = FIELDS.fullmatch(query.get("fields", ""))
        assert wanted, query
        name, own, after, size, media = wanted[1], wanted[2].rstrip(","), wanted[3] or "", int(wanted[4]), wanted[5]
        self.asked.append((name, after, size))
        self.before(name)
        if self.first:
            told = self.first.pop(0)
            return told() if callable(told) else told
        if query.get("access_token") != TOKEN:
            return error(190, f"Error validating access token {query.get('access_token')}", 401, error_subcode=463)
        if name not in self.accounts:
            return NOBODY
        return 200, self.headers, {"business_discovery": self._found(name, own, after, size, media), "id": ASKER}

    def _found(self, name: str, own: str, after: str, size: int, media: str) -> dict[str, Any]:
        account = self.accounts[name]
        has = {
            "id": f"1784{len(name)}",
            "username": name,
            "followers_count": account.followers,
            "follows_count": account.follows,
            "media_count": len(account.posts),
        }
        found = {word: has[word] for word in own.split(",") if has[word] is not None}
        start = int(after.removeprefix("QVFIU")) if after else 0
        page = account.posts[start : start + size]
        data = [{word: post[word] for word in media.split(",") if word in post} for post in page]
        if not account.posts:
            return found
        found["media"] = {"data": data}
        if start + size < len(account.posts) or (self.cursor_on_last_page and page):
            found["media"]["paging"] = {"cursors": {"before": f"QVFIU{start}", "after": f"QVFIU{start + size}"}}
        return found


@contextmanager
def served(api: Api) -> Iterator[Api]:
    """Serve an API on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = api.answer(self.path)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # the one who asked is gone
                self.close_connection = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(timestamp) if api.date is None else api.date

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
