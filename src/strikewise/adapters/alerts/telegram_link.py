"""Telegram's Bot API through its own library, in a thread of its own: messages out, and updates in."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from strikewise.adapters.alerts.channels import Failed, Later, Outcome, Sent
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.policy import Message
from strikewise.adapters.redaction import Redaction
from strikewise.domain.errors import SettingsError

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup, Update
    from telegram.ext import Application

__all__ = ["LONGEST", "TELEGRAM", "TelegramChannel", "TelegramLink", "TelegramOptions", "pieces"]

TELEGRAM = "telegram"
"""The channel's name."""
LONGEST = 4_096
"""Characters that Telegram takes in a message."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

Say = Callable[[str, str, Mapping[str, object]], None]
Heard = Callable[["Update", "TelegramLink"], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    """A bot and who may speak with it.

    Attributes
    ----------
    token : str
        The bot's secret.
    chats, users : frozenset of int
        Chats that are told, and in which commands are heard; and people whose commands they are. Both must
        fit: a stranger in a known chat is not heard.
    base_url : str
        The Bot API up to and without the token.
    timeout : float
        Seconds for each request.
    poll_seconds : float
        How long a question for updates may stay open.
    """

    token: str
    chats: frozenset[int]
    users: frozenset[int]
    base_url: str = "https://api.telegram.org/bot"
    timeout: float = 10.0
    poll_seconds: float = 30.0


class TelegramLink:
    """A bot that runs in a thread.

    Parameters
    ----------
    options : TelegramOptions
        Which bot.
    say : callable
        Told what happens: level, event, and pairs.
    heard : callable, optional
        Called with each update; without it none is asked for.

    Raises
    ------
    SettingsError
        If the library is not installed.
    """

    def __init__(self, options: TelegramOptions, say: Say, heard: Heard | None = None) -> None:
        self.options, self._say, self._heard = options, say, heard
        self.redaction = Redaction([options.token])
        self._app = self._build()
        self._ready, self._thread = Event(), Thread(target=self._run, name=TELEGRAM, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def app(self) -> Application[Any, Any, Any, Any, Any, Any]:
        """The library's application."""
        return self._app

    def start(self) -> None:
        """Begin; whatever keeps the bot from speaking is tried again until it does not."""
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Stop and let go of everything."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def do(self, work: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """Do a piece of work in the bot's thread and wait for it.

        Raises
        ------
        TimeoutError
            If it takes longer.
        """
        if self._loop is None or not self._thread.is_alive():
            work.close()
            raise TookTooLong
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except TookTooLong:
            future.cancel()
            raise

    def _build(self) -> Application[Any, Any, Any, Any, Any, Any]:
        try:
            from telegram.ext import Application
            from telegram.request import HTTPXRequest
            from telegram.warnings import PTBDeprecationWarning
        except ImportError as error:
            raise SettingsError(
                "Telegram needs an extra that is not installed: run `pip install 'strikewise[telegram]'`."
            ) from error
        chosen = self.options
        # The library warns of a type that its own error will have one day; `seconds_of` reads both.
        warnings.filterwarnings("ignore", message=".*retry_after", category=PTBDeprecationWarning)
        waits: dict[str, Any] = dict.fromkeys(
            ("connect_timeout", "read_timeout", "write_timeout", "pool_timeout"), chosen.timeout
        )
        polling = {**waits, "read_timeout": chosen.timeout + chosen.poll_seconds}
        builder = Application.builder().token(chosen.token).base_url(chosen.base_url)
        builder = builder.base_file_url(chosen.base_url.replace("/bot", "/file/bot"))
        builder = builder.request(HTTPXRequest(connection_pool_size=16, **waits))
        return builder.get_updates_request(HTTPXRequest(connection_pool_size=1, **polling)).build()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        began = await self._begin()
        if began and self._heard is not None:
            await self._listen(self._heard)
        await self._stop.wait()
        if began:
            await self._end()

    async def _begin(self) -> bool:
        """Let the bot introduce itself, again and again until it could; return whether it did."""
        from telegram.error import InvalidToken, TelegramError

        wait = FIRST_WAIT
        while not self._stopped():
            try:
                await self._app.initialize()
            except TelegramError as error:
                self._say("warning", "telegram_unreachable", {"reason": self.redaction.text(str(error))})
                await self._pause(LONGEST_WAIT if isinstance(error, InvalidToken) else wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                return True
        return False

    async def _listen(self, heard: Heard) -> None:
        from telegram import Update
        from telegram.error import TelegramError
        from telegram.ext import TypeHandler

        async def handle(update: Update, _: Any) -> None:
            await heard(update, self)

        async def went_wrong(_: object, context: Any) -> None:
            reason = f"{type(context.error).__name__}: {context.error}"
            self._say("error", "telegram_handler", {"reason": self.redaction.text(reason)})

        def failed(error: TelegramError) -> None:
            self._say("warning", "telegram_polling", {"reason": self.redaction.text(str(error))})

        self._app.add_handler(TypeHandler(Update, handle, block=False))
        self._app.add_error_handler(went_wrong)
        await self._app.start()
        if self._app.updater is not None:
            await self._app.updater.start_polling(
                timeout=timedelta(seconds=self.options.poll_seconds),
                bootstrap_retries=-1,
                allowed_updates=["message", "callback_query"],
                error_callback=failed,
            )

    async def _end(self) -> None:
        updater = self._app.updater
        if updater is not None and updater.running:
            await updater.stop()
        if self._app.running:
            await self._app.stop()
        await self._app.shutdown()

    def _stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    async def _pause(self, seconds: float) -> None:
        if self._stop is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)


class TelegramChannel:
    """Tells every chat of the list; implements `strikewise.adapters.alerts.channels.Channel`.

    Parameters
    ----------
    link : TelegramLink
        The bot.
    outbox : Outbox
        Keeps what the buttons under a message stand for.
    """

    name = TELEGRAM

    def __init__(self, link: TelegramLink, outbox: Outbox) -> None:
        self._link, self._outbox = link, outbox
        self._has: dict[tuple[int, ...], set[int]] = {}

    def send(self, message: Message) -> Outcome:
        """Send a message to every chat; one that has it already is left out when it is tried again.

        A chat that refuses it (who blocked the bot) keeps it from no other: the message counts as sent where
        another chat has it.
        """
        numbers = tuple(one.delivery for one in message.waiting)
        done, refused, waits = self._has.setdefault(numbers, set()), dict[int, Failed](), list[Outcome]()
        for chat in sorted(self._link.options.chats - done):
            match self._send_to(chat, message):
                case Sent():
                    done.add(chat)
                case Failed(final=True) as failed:
                    refused[chat] = failed
                case other:
                    waits.append(other)
        if waits:
            return waits[0]
        del self._has[numbers]
        if refused and not done:
            return next(iter(refused.values()))
        return Sent("; ".join(f"chat {chat}: {failed.reason}" for chat, failed in refused.items()))

    def _send_to(self, chat: int, message: Message) -> Outcome:
        from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

        bot, buttons, texts = self._link.app.bot, self._buttons(message), pieces(message.text)
        try:
            for number, text in enumerate(texts, 1):
                markup = buttons if number == len(texts) else None
                work = bot.send_message(chat, text, reply_markup=markup)
                self._link.do(work, 3 * self._link.options.timeout)
        except RetryAfter as error:
            return Later(seconds_of(error), "Telegram asks to send less")
        except (BadRequest, Forbidden, InvalidToken) as error:
            return Failed(self._link.redaction.text(str(error)), final=True)
        except TelegramError as error:
            return Failed(self._link.redaction.text(str(error)))
        except TookTooLong:
            return Failed("Telegram did not answer in time")
        return Sent()

    def _buttons(self, message: Message) -> InlineKeyboardMarkup | None:
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup

        offered = message.waiting[0].alert.buttons if len(message.waiting) == 1 else ()
        if not offered:
            return None
        row = [
            InlineKeyboardButton(one.label, callback_data=f"do:{self._outbox.remember(one.words)}")
            for one in offered
        ]
        return InlineKeyboardMarkup([row])

    def close(self) -> None:
        """Stop the bot."""
        self._link.close()


def seconds_of(error: Any) -> float:
    """Return how long Telegram asks to wait."""
    after = error._retry_after  # noqa: SLF001 - the public one warns, and is of another type one day
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def pieces(text: str) -> list[str]:
    """Return a text in pieces that Telegram takes, cut at the end of lines where there are any."""
    cut: list[str] = []
    while len(text) > LONGEST:
        at = text.rfind("\n", 1, LONGEST)
        at = at if at > 0 else LONGEST
        cut.append(text[:at])
        text = text[at:].lstrip("\n")
    return [*cut, text] if text else cut
