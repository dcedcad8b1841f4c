"""``Graph``: questions to the official Graph API, each asked until it is answered. No other file speaks HTTP."""

from __future__ import annotations

import json
import os
import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

from dangol.core.errors import DangolError, InputError
from dangol.core.words import Sentence

TOKEN: Final = "INSTAGRAM_ACCESS_TOKEN"
USER: Final = "INSTAGRAM_USER_ID"
ADDRESS: Final = "DANGOL_GRAPH_URL"
_OFFICIAL: Final = "https://graph.facebook.com"
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_LARGEST: Final = 16 << 20  # bytes of an answer; real ones have some 20 kB

# Codes of errors as documented: Graph API, Handling Errors and Rate Limits.
_TRANSIENT: Final = frozenset({1, 2})
_LIMITS: Final = frozenset({4, 17, 32, 341, 613, 80002})
_TOKEN: Final = frozenset({102, 190})
_FORBIDDEN: Final = frozenset({3, 10, 368, *range(200, 300)})
_NOBODY: Final = 110  # with subcode 2207013: no such name, or no professional account; the API does not tell which
_NOBODY_TOO: Final = 2207013

_TRIES: Final = 5  # again after trouble that may pass, with pauses of about 1, 2, 4, 8 seconds
_WAITS: Final = (
    8  # in a row for a limit that does not say how long: 1, 2, 4, 8, 15, 15, 15, 15 minutes; the window is an hour
)
_LONGEST_WAIT_S: Final = 15 * 60.0
_PATIENCE_S: Final = 2 * 3600.0  # an announced wait that is longer is left to the person
_NEARLY_USED: Final = 95.0  # percent of a limit from which on there is a minute between requests
_MINUTE_S: Final = 60.0
_ENDLESS: Final = 10**12  # what a number of an answer is taken as that is larger still


class GraphError(DangolError):
    """What ends a run: a token, a permission, a limit, or an API that does not answer."""


class RefusedError(GraphError):
    """What the token, or anybody, may not ask."""


class NoAccountError(Exception):
    """The API has no professional account of that name."""


class NoAnswerError(Exception):
    """The API did not answer about one account, although it was asked several times; its text says why."""


@dataclass(frozen=True)
class Reply:
    """One answer of the server, or none: then ``trouble`` says why."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    trouble: str = ""

    @property
    def error(self) -> Mapping[str, Any]:
        """The error that the body states; empty without one."""
        told = (self.body or {}).get("error")
        return told if isinstance(told, dict) else {}

    @property
    def code(self) -> int:
        """The code of the error; 0 without one."""
        code = self.error.get("code")
        return code if isinstance(code, int) else 0

    @property
    def may_pass(self) -> bool:
        """Whether to ask again: the server is in trouble, or what it sent is not an answer."""
        return (
            self.code in _TRANSIENT or bool(self.error.get("is_transient")) or self.status >= 500 or self.body is None
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, never followed: it would carry the token elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


@dataclass(frozen=True)
class Graph:
    """The way to ask the API, for one token.

    Attributes:
        token: the access token; it is sent to ``url`` alone, and never shown or written.
        user_id: the number of the professional account that asks.
        url: where the API is; https, or http on this machine.
        version: of the API.
        timeout_s: seconds without a sign of the server before a request is given up.
        seed: of the jitter in the pauses.
        sleep: what waits.
        notify: told, in a sentence, of every wait for a limit.
    """

    token: str = field(repr=False)
    user_id: str
    url: str = _OFFICIAL
    version: str = "v26.0"
    timeout_s: float = 30.0
    seed: int = 0
    sleep: Callable[[float], None] = time.sleep
    notify: Callable[[Sentence], None] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[!-~]+", self.token):
            raise InputError("the access token is empty or has spaces or line breaks in it; copy it anew")
        if not re.fullmatch(r"[0-9]{1,30}", self.user_id):  # not shown: it may be the token, in the wrong place
            raise InputError("user_id must be the number of the account that asks, not its name, and not the token")
        if not re.fullmatch(r"v[0-9]{1,3}\.[0-9]", self.version):
            raise InputError(f"version={self.version!r} is no version of the Graph API, such as 'v26.0'")
        _check_address(self.url)

    @classmethod
    def from_environment(cls, user_id: str | None = None, **more: Any) -> Graph:
        """Take the token, and what else is not given, from the environment.

        Raises:
            InputError: if there is no token or no account that asks.
        """
        token, asker = os.environ.get(TOKEN, "").strip(), user_id or os.environ.get(USER, "").strip()
        if not token:
            raise InputError(f"there is no access token; put it into the environment variable {TOKEN}")
        if not asker:
            raise InputError(f"which account asks? Give its number with --user-id, or in {USER}")
        return cls(token, asker, os.environ.get(ADDRESS, "").strip() or _OFFICIAL, **more)

    def ask(self, fields: str) -> Reply:
        """Return the answer about some fields of the account that asks, after as many tries and waits as it takes.

        Raises:
            NoAccountError: if the account that the fields name is not there, or is no professional one.
            NoAnswerError: if the API still failed after several tries, or refused this question.
            GraphError: if no question will be answered: a bad token, a missing permission, a limit that lasts.
        """
        pauses, waits = self._pauses(fields), iter([_MINUTE_S * 2**n for n in range(_WAITS)])
        while True:
            reply = self._send(fields)
            if reply.status == 429 or reply.code in _LIMITS:
                self._wait(reply, waits)
            elif reply.status == 200 and reply.body is not None and not reply.error:
                self._spare(reply)
                return reply
            elif (problem := self._final(reply)) is not None:
                raise problem
            elif not reply.may_pass or (pause := next(pauses, None)) is None:
                raise NoAnswerError(self._said(reply))
            else:
                self.sleep(pause)

    def _final(self, reply: Reply) -> Exception | None:
        """The problem of an answer that stays the same however often it is asked for."""
        if reply.code == _NOBODY or reply.error.get("error_subcode") == _NOBODY_TOO:
            return NoAccountError()
        if reply.code in _FORBIDDEN:
            return RefusedError(
                f"the API refused the question ({self._said(reply)}); the token needs the permissions instagram_basic, "
                "instagram_manage_insights and pages_read_engagement"
            )
        if reply.code in _TOKEN or reply.status == 401:
            said = self._said(reply)
            return GraphError(f"the API refused the access token ({said}); make a new one and put it into {TOKEN}")
        if 300 <= reply.status < 400:
            return GraphError(f"{self.url} answered with a redirect, which is not followed: it would carry the token")
        return None

    def _pauses(self, fields: str) -> Iterator[float]:
        """Yield the pauses between tries: doubling, each between half and one and a half of its length."""
        jitter = random.Random(f"{self.seed} {fields}")
        return iter([2**n * jitter.uniform(0.5, 1.5) for n in range(_TRIES - 1)])

    def _send(self, fields: str) -> Reply:
        """Ask once."""
        query = urlencode({"fields": fields, "access_token": self.token})
        address = f"{self.url.rstrip('/')}/{self.version}/{quote(self.user_id)}?{query}"
        request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "dangol"})
        handlers: list[Any] = [_NoRedirect()]
        if urlsplit(self.url).hostname in _LOCAL:
            handlers.append(urllib.request.ProxyHandler({}))
        try:
            with _opened(urllib.request.build_opener(*handlers), request, self.timeout_s) as answer:
                return _reply(answer.status, dict(answer.headers), answer.read(_LARGEST))
        except (OSError, HTTPException) as problem:  # no connection, a timeout, an answer that breaks off
            return Reply(trouble=f"no answer: {getattr(problem, 'reason', problem)} ({type(problem).__name__})")

    def _said(self, reply: Reply) -> str:
        """What went wrong, in the server's words, without the token."""
        message = reply.error.get("message")
        if message:
            told = f"{message} (code {reply.code})"
        else:
            told = reply.trouble or f"status {reply.status}, without a readable answer"
        for secret in (self.token, quote(self.token, safe="")):
            told = told.replace(secret, "…")
        plain = "".join(letter if letter.isprintable() else " " for letter in told)  # nothing that a terminal obeys
        return re.sub(r" +", " ", plain).strip()[:300]

    def _wait(self, reply: Reply, waits: Iterator[float]) -> None:
        """Wait for a limit as long as the API says, or else longer and longer."""
        usual = next(waits, None)
        if usual is None:
            raise GraphError(
                f"the API's limit did not end, although it was waited for {_WAITS} times ({self._said(reply)})"
            )
        pause = _announced(reply.headers) or min(usual, _LONGEST_WAIT_S)
        if pause > _PATIENCE_S:
            raise GraphError(f"the API's limit is reached, and it asks to wait {pause / 3600:.1f} hours")
        self._say(pause)
        self.sleep(pause)

    def _spare(self, reply: Reply) -> None:
        """Slow down where a limit is nearly reached: whoever runs into it again and again is shut out."""
        if _used(reply.headers) >= _NEARLY_USED:
            self._say(_MINUTE_S)
            self.sleep(_MINUTE_S)

    def _say(self, pause: float) -> None:
        if self.notify is not None:
            self.notify(
                Sentence(
                    "The API's limit is reached or near: waiting {minutes:,.0f} min.",
                    "API 호출 한도에 이르렀거나 가까워져 {minutes:,.0f}분 기다립니다.",
                    {"minutes": max(1.0, pause / _MINUTE_S)},
                )
            )


def _check_address(url: str) -> None:
    """Refuse an address to which the token must not go, or that is none; it is not shown where it may hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError(f"the API's address in {ADDRESS} cannot be one; write it as {_OFFICIAL}") from None
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment or port == 0:
        raise InputError(f"the API's address in {ADDRESS} must be a server alone, such as {_OFFICIAL}")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise InputError(f"the API's address {url!r} must begin with https://, so that nobody reads the token")


def _opened(opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout_s: float) -> Any:
    """Send a request; an answer that states an error is an answer as well."""
    try:
        return opener.open(request, timeout=timeout_s)
    except HTTPError as answer:
        return answer


def _reply(status: int, headers: Mapping[str, str], data: bytes) -> Reply:
    told = {name.lower(): value for name, value in headers.items()}
    try:
        body = json.loads(data)
        json.dumps(body, ensure_ascii=False).encode()  # half a letter, as in "\\ud800", can be neither kept nor shown
    except (ValueError, RecursionError):
        body = None
    return Reply(status, told, body if isinstance(body, dict) else None)


def _usage(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield what the headers tell of each limit; what cannot be read is no reason to stop."""
    for name in ("x-app-usage", "x-business-use-case-usage"):
        try:
            told = json.loads(headers.get(name, "{}"))
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict):
            continue
        yield told
        for entries in told.values():
            yield from (one for one in entries if isinstance(one, dict)) if isinstance(entries, list) else ()


def _number(value: object) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(min(value, _ENDLESS))
    return value if isinstance(value, float) else 0.0


def _used(headers: Mapping[str, str]) -> float:
    """The largest share of any limit that is used, in percent."""
    measures = ("call_count", "total_time", "total_cputime")
    return max((_number(one.get(name)) for one in _usage(headers) for name in measures), default=0.0)


def _announced(headers: Mapping[str, str]) -> float | None:
    """How long the API asks to wait, in seconds; None if it does not say."""
    minutes = max((_number(one.get("estimated_time_to_regain_access")) for one in _usage(headers)), default=0.0)
    if minutes > 0:
        return minutes * _MINUTE_S
    after = headers.get("retry-after", "").strip()
    return (_number(int(after)) or None) if re.fullmatch(r"[0-9]{1,20}", after) else None
