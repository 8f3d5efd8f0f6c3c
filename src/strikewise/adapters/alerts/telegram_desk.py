"""The bot's side of a conversation: who is heard, what needs a second word, and what buttons do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from strikewise.adapters.alerts.confirmations import Confirmations, Refused
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.telegram_link import LONGEST, TELEGRAM, TelegramLink, pieces
from strikewise.market.clock import Clock

if TYPE_CHECKING:
    from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update, User

__all__ = ["Answers", "Spoken", "TelegramDesk"]

OLD = timedelta(minutes=2)
"""A command that was on its way for longer is not done: whoever sent it may think otherwise by now."""
MUTE_MINUTES, MOST_MINUTES = 60, 24 * 60
LONGEST_SAID = 40_000
"""Characters of an answer; of a longer one the end is left out."""

Say = Callable[[str, str, Mapping[str, object]], None]


class Spoken(Protocol):
    """An answer: what is said, and the command that a person may confirm."""

    @property
    def text(self) -> str:
        """For the person."""
        ...

    @property
    def asks(self) -> tuple[str, ...]:
        """What is done on confirmation; empty where there is nothing to confirm."""
        ...


class Answers(Protocol):
    """Whoever knows the account."""

    def answer(self, words: Sequence[str]) -> Spoken:
        """Return the answer to a command."""
        ...

    def do(self, words: Sequence[str], name: str) -> str:
        """Do what a person confirmed; return what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class _Person:
    """Who speaks, and where: known where both are on the list."""

    chat: int
    user: int
    name: str
    known: bool

    @property
    def who(self) -> tuple[int, int]:
        return self.chat, self.user


class TelegramDesk:
    """Hears updates and answers them.

    Parameters
    ----------
    answers : Answers
        Whoever knows the account.
    confirmations : Confirmations
        What waits for a second word.
    outbox : Outbox
        Where a mute stands, and what buttons mean.
    clock : Clock
        The time.
    say : callable
        Told who was refused.
    """

    def __init__(
        self, answers: Answers, confirmations: Confirmations, outbox: Outbox, clock: Clock, say: Say
    ) -> None:
        self._answers, self._confirmations, self._outbox = answers, confirmations, outbox
        self._clock, self._say = clock, say

    async def hear(self, update: Update, link: TelegramLink) -> None:
        """Answer an update of somebody who is on the list; of others nothing is done, and nothing said."""
        if update.callback_query is not None:
            await self._press(update.callback_query, link)
        elif update.message is not None and (update.message.text or "").startswith("/"):
            await self._command(update.message, link)

    # --- commands --------------------------------------------------------------------------------------

    async def _command(self, message: Message, link: TelegramLink) -> None:
        person = self._person(message.chat.id, message.from_user, link)
        words = _words(message.text or "", link.app.bot.username)
        if not words or not self._is_heard(person, words[0]):
            return
        if self._clock.now() - message.date > OLD:
            await self._reply(
                message, "This was on its way for too long: send it again if you still mean it."
            )
        elif words[0] == "mute":
            await self._reply(message, self._mute(words[1:]))
        else:
            await self._answer(message, words, person)

    async def _answer(self, message: Message, words: Sequence[str], person: _Person) -> None:
        """Answer without holding up others who speak meanwhile."""
        said = await asyncio.to_thread(self._answers.answer, tuple(words))
        await self._reply(message, said.text, self._question(said.asks, person))

    def _question(self, asks: tuple[str, ...], person: _Person) -> InlineKeyboardMarkup | None:
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup

        if not asks:
            return None
        nonce = self._confirmations.ask(asks, person.who)
        yes = InlineKeyboardButton(f"Yes, {asks[0]}", callback_data=f"yes:{nonce}")
        return InlineKeyboardMarkup([[yes, InlineKeyboardButton("No", callback_data=f"no:{nonce}")]])

    def _mute(self, rest: Sequence[str]) -> str:
        word = rest[0] if rest else str(MUTE_MINUTES)
        if not (word.isascii() and word.isdigit()) or int(word) > MOST_MINUTES:
            return f"/mute wants minutes from 0 to {MOST_MINUTES}; was {word!r}."
        now = self._clock.now()
        until = now + timedelta(minutes=int(word))
        self._outbox.mute(TELEGRAM, until)
        if until == now:
            return "Alerts are told again."
        return f"Until {until:%Y-%m-%d %H:%M} UTC only what is critical is told; the rest comes then."

    # --- buttons ---------------------------------------------------------------------------------------

    async def _press(self, query: CallbackQuery, link: TelegramLink) -> None:
        from telegram import Message

        message = query.message
        if not isinstance(message, Message):
            await query.answer("This is too old to be answered.")
            return
        person = self._person(message.chat.id, query.from_user, link)
        kind, _, rest = (query.data or "").partition(":")
        if not self._is_heard(person, f"button {kind}"):
            await query.answer("You are not on the list.")
        elif kind == "do":
            await query.answer()
            await self._answered(message, self._outbox.words_of(rest), person)
        else:
            await self._confirmed(query, message, kind, rest, person)

    async def _answered(self, message: Message, words: tuple[str, ...], person: _Person) -> None:
        """Do what a button under an alert stands for."""
        if not words:
            await self._reply(message, "This button is not known any more: use a command.")
        elif words[0] == "dismiss":
            became = await asyncio.to_thread(self._answers.do, words, f"{TELEGRAM}:{person.name}")
            self._say("info", "telegram_did", {"words": " ".join(words), "by": person.name})
            await message.edit_text(f"{message.text}\n\n{person.name} dismisses it. {became}"[:LONGEST])
        else:
            await self._answer(message, words, person)

    async def _confirmed(
        self, query: CallbackQuery, message: Message, kind: str, nonce: str, person: _Person
    ) -> None:
        words = self._confirmations.redeem(nonce, person.who)
        if isinstance(words, Refused):
            await query.answer(words.reason, show_alert=True)
            return
        await query.answer()
        if kind != "yes":
            await message.edit_text(f"{message.text}\n\nNo, said {person.name}: nothing was done.")
            return
        became = await asyncio.to_thread(self._answers.do, words, f"{TELEGRAM}:{person.name}")
        self._say("info", "telegram_did", {"words": " ".join(words), "by": person.name})
        await message.edit_text(f"{message.text}\n\nYes, said {person.name}. {became}"[:LONGEST])

    # --- people ----------------------------------------------------------------------------------------

    def _person(self, chat: int, user: User | None, link: TelegramLink) -> _Person:
        number = 0 if user is None else user.id
        spoken = "" if user is None else user.username or user.first_name
        name = "".join(letter for letter in spoken if letter.isprintable()) or str(number)
        options = link.options
        return _Person(chat, number, name, chat in options.chats and number in options.users)

    def _is_heard(self, person: _Person, what: str) -> bool:
        if not person.known:
            pairs = {"chat": person.chat, "user": person.user, "name": person.name, "what": what[:40]}
            self._say("warning", "telegram_stranger", pairs)
        return person.known

    async def _reply(self, message: Message, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        parts = pieces(text[:LONGEST_SAID]) or ["Nothing."]
        for number, part in enumerate(parts, 1):
            last: dict[str, Any] = {"reply_markup": markup} if number == len(parts) else {}
            await message.reply_text(part, **last)


def _words(text: str, bot: str) -> tuple[str, ...]:
    """Return a command's words, the first without its slash; none where another bot is meant."""
    first, *rest = text.split()
    command, _, addressed = first.removeprefix("/").partition("@")
    if addressed and addressed.lower() != bot.lower():
        return ()
    return (command.lower(), *rest)
