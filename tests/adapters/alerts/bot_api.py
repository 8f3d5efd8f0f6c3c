"""Telegram's Bot API on this computer: the methods the bot needs, strict about names, types and lengths."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any
from urllib.parse import parse_qsl

TOKEN = "123456789:AAcanaryCANARYcanaryCANARYcanary012"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Desk", "username": "strikewise_desk_bot"}

FIELDS: dict[str, dict[str, type]] = {
    "getMe": {},
    "deleteWebhook": {"drop_pending_updates": bool},
    "getUpdates": {"offset": int, "limit": int, "timeout": int, "allowed_updates": list},
    "sendMessage": {
        "chat_id": int,
        "text": str,
        "reply_markup": dict,
        "reply_parameters": dict,
        "disable_notification": bool,
        "protect_content": bool,
    },
    "editMessageText": {"chat_id": int, "message_id": int, "text": str, "reply_markup": dict},
    "answerCallbackQuery": {"callback_query_id": str, "text": str, "show_alert": bool},
}
"""The parameters of each method, as https://core.telegram.org/bots/api has them; others are refused."""
REQUIRED = {
    "sendMessage": {"chat_id", "text"},
    "editMessageText": {"text", "chat_id", "message_id"},
    "answerCallbackQuery": {"callback_query_id"},
}

Fault = tuple[int, dict[str, Any]]
DROP: Fault = (0, {})
HANG: Fault = (-1, {})


def limited(seconds: int) -> Fault:
    return 429, {
        "ok": False,
        "error_code": 429,
        "description": f"Too Many Requests: retry after {seconds}",
        "parameters": {"retry_after": seconds},
    }


def refused(code: int, words: str) -> Fault:
    return code, {"ok": False, "error_code": code, "description": words}


@dataclass
class BotApi:
    """What a bot did, and what people do to it."""

    now: Callable[[], int]
    chats: frozenset[int] = frozenset({500, 501})
    transcript: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    port: int = 0
    changed: Condition = field(default_factory=Condition)
    closing: Event = field(default_factory=Event)
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _numbers: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bot"

    # --- people ----------------------------------------------------------------------------------------

    def says(self, user: int, name: str, text: str, *, chat: int = 500, ago: int = 0) -> None:
        message = {
            "message_id": self._number(),
            "date": self.now() - ago,
            "chat": {"id": chat, "type": "private", "first_name": name},
            "from": {"id": user, "is_bot": False, "first_name": name, "username": name},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}],
        }
        self._note(f"{name}: {text}")
        self._push({"message": message})

    def presses(self, user: int, name: str, label: str) -> None:
        """Press the latest button of a label."""
        with self.changed:
            message, data = next(
                (message, button["callback_data"])
                for message in reversed(self.messages.values())
                for row in message.get("reply_markup", {}).get("inline_keyboard", [])
                for button in row
                if button["text"] == label
            )
        self._note(f"{name}: [{label}]")
        self.sends_callback(user, name, message, data)

    def sends_callback(self, user: int, name: str, message: dict[str, Any], data: str) -> None:
        query = {
            "id": str(self._number()),
            "from": {"id": user, "is_bot": False, "first_name": name, "username": name},
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
        self._push({"callback_query": query})

    def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until something holds; each call of the bot makes it look again."""
        with self.changed:
            assert self.changed.wait_for(holds, seconds), self.transcript[-5:]

    def sent(self) -> list[str]:
        with self.changed:
            return [message["text"] for message in self.messages.values()]

    # --- the server's side -----------------------------------------------------------------------------

    def answer(self, token: str, method: str, given: dict[str, str]) -> tuple[int, dict[str, Any]] | None:
        with self.changed:
            self.called.append(method)
            self.changed.notify_all()
            if token != TOKEN:
                return refused(401, "Unauthorized")
            waiting = self.faults.get(method)
            if waiting:
                fault = waiting.popleft()
                if fault == HANG:
                    self.changed.wait_for(self.closing.is_set, 3.0)
                return None if fault in (DROP, HANG) else fault
            wrong = list(_violations(method, given))
            self.violations += wrong
            if wrong:
                return refused(400, f"Bad Request: {wrong[0]}")
            return getattr(self, f"_{method}")(
                {name: _read(name, method, text) for name, text in given.items()}
            )

    def _getMe(self, _: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        return _ok(BOT)

    def _deleteWebhook(self, _: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        return _ok(True)

    def _getUpdates(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        offset = given.get("offset", 0)
        self._updates = [one for one in self._updates if one["update_id"] >= offset]
        if not self._updates and given.get("timeout", 0):
            self.changed.wait_for(lambda: bool(self._updates) or self.closing.is_set(), given["timeout"])
        return _ok(self._updates)

    def _sendMessage(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        if given["chat_id"] not in self.chats:
            return refused(400, "Bad Request: chat not found")
        number = self._number()
        message = {
            "message_id": number,
            "date": self.now(),
            "chat": {"id": given["chat_id"], "type": "private"},
            "from": BOT,
            "text": given["text"],
        }
        if "reply_markup" in given:
            message["reply_markup"] = given["reply_markup"]
        self.messages[number] = message
        self._show("bot", message)
        return _ok(message)

    def _editMessageText(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        message = self.messages.get(given["message_id"])
        if message is None:
            return refused(400, "Bad Request: message to edit not found")
        message.pop("reply_markup", None)
        message["text"] = given["text"]
        self._show("bot changes it to", message)
        return _ok(message)

    def _answerCallbackQuery(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: N802
        self.answered.append(given.get("text", ""))
        if given.get("text"):
            self._note(f"bot, over the button: {given['text']}")
        return _ok(True)

    def _show(self, who: str, message: dict[str, Any]) -> None:
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        labels = " ".join(f"[{button['text']}]" for row in rows for button in row)
        text = "\n  ".join(message["text"].split("\n"))
        self._note(f"{who}: {text}" + (f"\n  {labels}" if labels else ""))

    def _note(self, line: str) -> None:
        with self.changed:
            self.transcript.append(line)
            self.changed.notify_all()

    def _number(self) -> int:
        with self.changed:
            self._numbers += 1
            return self._numbers

    def _push(self, update: dict[str, Any]) -> None:
        with self.changed:
            self._updates.append({"update_id": self._number(), **update})
            self.changed.notify_all()


def _ok(result: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"ok": True, "result": result}


def _read(name: str, method: str, text: str) -> Any:
    return text if FIELDS[method][name] is str else json.loads(text)


def _violations(method: str, given: dict[str, str]) -> Iterator[str]:
    if method not in FIELDS:
        yield f"method {method} is not known"
        return
    for name in given.keys() - FIELDS[method].keys():
        yield f"{method} has no parameter {name}"
    for name in REQUIRED.get(method, set()) - given.keys():
        yield f"{method} needs {name}"
    for name, text in given.items():
        wanted = FIELDS[method].get(name, str)
        try:
            value = _read(name, method, text) if name in FIELDS[method] else text
        except ValueError:
            yield f"{method}.{name} is no {wanted.__name__}: {text[:40]}"
            continue
        if not isinstance(value, wanted):
            yield f"{method}.{name} is no {wanted.__name__}: {text[:40]}"
        if name == "text" and method != "answerCallbackQuery" and not 1 <= len(text) <= 4096:
            yield f"text has {len(text)} characters"
        if name == "text" and method == "answerCallbackQuery" and len(text) > 200:
            yield f"the answer to a button has {len(text)} characters"
        if name == "reply_markup" and isinstance(value, dict):
            yield from _keyboard_violations(value)


def _keyboard_violations(markup: dict[str, Any]) -> Iterator[str]:
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if set(button) != {"text", "callback_data"} or not button["text"]:
                yield f"a button has {sorted(button)}"
            elif not 1 <= len(button["callback_data"].encode()) <= 64:
                yield f"callback_data has {len(button['callback_data'].encode())} bytes"


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


@contextmanager
def bot_api(now: Callable[[], int]) -> Iterator[BotApi]:
    api = BotApi(now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            _, bot, method = self.path.split("/")
            said = api.answer(bot.removeprefix("bot"), method, dict(parse_qsl(body, keep_blank_values=True)))
            if said is None:
                self.close_connection = True
                return
            status, document = said
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    api.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.closing.set()
        with api.changed:
            api.changed.notify_all()
        server.shutdown()
        thread.join()
        server.server_close()
