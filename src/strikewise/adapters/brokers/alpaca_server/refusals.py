"""What Alpaca answers where it does not do what was asked: a status, a code and a message."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.domain.errors import StrikewiseError

__all__ = [
    "RefusedError",
    "forbidden",
    "malformed",
    "not_found",
    "not_unique",
    "unauthorized",
    "unprocessable",
]

FORBIDDEN, UNPROCESSABLE, NOT_FOUND, UNAUTHORIZED = 40310000, 42210000, 40410000, 40110000
NOT_UNIQUE = 40010001


class RefusedError(StrikewiseError):
    """A request that is refused.

    Parameters
    ----------
    status : int
        The HTTP status.
    code : int
        Alpaca's number for it; its first three digits are the status, as a rule.
    message : str
        In words, as Alpaca puts them where that is known.
    more : mapping, optional
        Further members of the answer.
    """

    def __init__(
        self, status: int, code: int, message: str, more: Mapping[str, object] | None = None
    ) -> None:
        self.status, self.code, self.message = status, code, message
        self.more: dict[str, object] = dict(more or {})
        super().__init__(message)

    def body(self) -> dict[str, object]:
        """Return the answer."""
        return {"code": self.code, "message": self.message, **self.more}


def forbidden(message: str, **more: str) -> RefusedError:
    """Refuse what the account cannot do: quantity, buying power, approval."""
    return RefusedError(403, FORBIDDEN, message, more)


def unprocessable(message: str, **more: str) -> RefusedError:
    """Refuse what cannot be asked so."""
    return RefusedError(422, UNPROCESSABLE, message, more)


def not_found(message: str) -> RefusedError:
    """Refuse a question about what is not there."""
    return RefusedError(404, NOT_FOUND, message)


def unauthorized() -> RefusedError:
    """Refuse a request without the right keys."""
    return RefusedError(401, UNAUTHORIZED, "request is not authorized")


def not_unique() -> RefusedError:
    """Refuse a client order id that was used before, however long ago."""
    return RefusedError(422, NOT_UNIQUE, "client_order_id must be unique")


def malformed(message: str) -> RefusedError:
    """Refuse a body that cannot be read."""
    return RefusedError(422, NOT_UNIQUE, message)
