"""Read what numpy-style docstrings say, and lay it out as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable

ROLE = re.compile(r"``([^`]*)``")


def first_sentence(thing: object) -> str:
    """Return the first paragraph of a docstring on one line."""
    paragraph = (inspect.getdoc(thing) or "").partition("\n\n")[0]
    return _markdown(" ".join(paragraph.split()))


def attribute_docs(cls: type) -> dict[str, str]:
    """Return what the ``Attributes`` or ``Parameters`` section of a class says of each name.

    ``a, b : int`` gives both names the same text; a string standing under a field counts as well.
    """
    docs = member_docs(cls)
    names: list[str] = []
    within = False
    lines = (inspect.getdoc(cls) or "").splitlines()
    for line, underline in zip(lines, [*lines[1:], ""], strict=True):
        if underline and set(underline) == {"-"}:
            within = line in {"Attributes", "Parameters"}
            names = []
        elif within and line and not line.startswith((" ", "-")):
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
        elif within and line.strip() and set(line) != {"-"}:
            for name in names:
                docs[name] = f"{docs.get(name, '')} {_markdown(line.strip())}".strip()
    return docs


def _markdown(text: str) -> str:
    return ROLE.sub(r"`\1`", text)


def member_docs(cls: type) -> dict[str, str]:
    """Return the strings that stand under the members of a class body."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    docs: dict[str, str] = {}
    previous: str | None = None
    for node in body.body if isinstance(body, ast.ClassDef) else []:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and previous:
            docs[previous] = " ".join(str(node.value.value).split())
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                previous = name
            case _:
                previous = None
    return docs


def fence_examples(text: str) -> str:
    """Put the command lines of a help text, whatever their indent, into fenced blocks."""
    parts: list[str] = []
    fenced = False
    for line in text.splitlines():
        example = line.strip().startswith(("strikewise ", "$ strikewise "))
        if example != fenced:
            parts.append("\n```console" if example else "```\n")
            fenced = example
        parts.append(line.strip() if example else line)
    return "\n".join([*parts, "```"] if fenced else parts)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
