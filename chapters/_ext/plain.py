"""A page's Markdown without what only the book understands: for the notebook that a reader downloads."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chapters._ext.pieces import RIGHT, divided

FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\})?(?P<argument>[^\n]*)\n"
                    r"(?P<body>(?:.*\n)*?)(?P=fence)[ \t]*$", re.MULTILINE)
ROLE = re.compile(r"(?<![`\\])(?:\{(?P<role>[\w:+-]+)\}(?P<ticks>`+)(?P<target>.+?)(?P=ticks)(?!`)"
                  r"|(?P<code>`+)(?!`).+?(?<!`)(?P=code)(?!`))", re.DOTALL)
TITLED = re.compile(r"(?P<title>.*?)\s*<(?P<target>[^<>]+)>", re.DOTALL)
LABEL = re.compile(r"^\([\w:.-]+\)=[ \t]*\n+", re.MULTILINE)
EQUATION = re.compile(r"^(?P<indent>[ \t]*)\$\$(?P<tex>(?:(?!\$\$).)+?)\$\$[ \t]*\((?P<label>[\w:.-]+)\)[ \t]*$",
                      re.MULTILINE | re.DOTALL)
ATTRIBUTES = re.compile(r"^\{[.#%][^}\n]*\}[ \t]*\n", re.MULTILINE)
TERM = re.compile(r"^(?P<term>[^\s:`].*)\n+: +(?P<text>.*(?:\n(?: .*|[ \t]*(?=\n +\S)))*)", re.MULTILINE)
OPTIONS = re.compile(r"\A(?::[\w-]+:.*\n)+")

Resolve = Callable[[str, str], str]


@dataclass(frozen=True)
class Text:
    """Markdown of a notebook."""
    source: str


@dataclass(frozen=True)
class Answer:
    """Markdown that comes behind the cells that are tagged `answer`."""
    source: str


@dataclass(frozen=True)
class Shown:
    """A listing: what it names."""
    names: str
    also: str


Part = Text | Answer | Shown


def parts(markdown: str, resolve: Resolve) -> Iterator[Part]:
    """The parts of a Markdown cell in their order.

    `resolve(role, target)` is what the book shows for a role: the number of an equation, an author and a year.
    """
    at = 0
    for found in FENCED.finditer(markdown):
        if found["name"] is None and found["fence"][0] != ":":
            continue                                # code that is only shown
        if before := prose(markdown[at:found.start()], resolve):
            yield Text(before)
        at = found.end()
        yield from directive(found, resolve)
    if rest := prose(markdown[at:], resolve):
        yield Text(rest)


def directive(found: re.Match[str], resolve: Resolve) -> Iterator[Part]:
    """What a directive becomes."""
    name, argument, body = found["name"] or "", found["argument"].strip(), found["body"]
    options = OPTIONS.match(body)
    said = dict(re.findall(r"^:([\w-]+):[ \t]*(.*)$", options[0] if options else "", re.MULTILINE))
    content = prose(body[options.end() if options else 0:], resolve)
    title = prose(argument, resolve)
    match name:
        case "listing":
            yield Shown(argument, said.get("also", ""))
        case "predict":
            question, answer = divided(content)
            yield Text(f"**Predict.** {lettered(question)}")
            yield Answer(folded("Answer", RIGHT.sub(lambda right: f"**{right['letters']}.** ", answer, count=1)))
        case "pencil":
            problem, solution = divided(content)
            heading = f"**With a pencil: {title}.**" if title else "**With a pencil.**"
            yield Text(f"{heading} {problem}\n\n{folded('Solution', solution)}")
        case "method" | "frame":
            terms = TERM.sub(lambda one: f"- **{one['term']}:**{listed(one['text'].rstrip())}\n", content)
            terms = re.sub(r"\n\s*\n(?=- \*\*)", "\n", terms).strip()
            yield Text(f"**{title}**\n\n{terms}" if title else terms)
        case "interactive" | "raw":
            yield Text("*Here the page has a figure that you move; it needs the page.*")
        case "math":
            yield Text(f"$$\n{body[options.end() if options else 0:].strip()}\n$$")
        case "bibliography" | "tableofcontents" | "exercises":
            return
        case _:                                     # a note, a theorem, a box
            inner = "\n\n".join(one.source for one in parts(content, resolve) if not isinstance(one, Shown))
            label = title or name.rpartition(":")[2].capitalize()
            yield Text(f"**{label}.** {inner}" if label else inner)


def listed(text: str) -> str:
    """What stands behind a term: on its line, or a list below it."""
    return f"\n  {text}" if text.startswith("- ") else f" {text}"


def lettered(question: str) -> str:
    """The choices, which the page letters, with their letters."""
    letters = iter("ABCD")
    return re.sub(r"^[-*+][ \t]+(?=\S)", lambda _: f"- **{next(letters, '-')}.** ", question, flags=re.MULTILINE)


def folded(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def prose(text: str, resolve: Resolve) -> str:
    """Text without roles and labels; what is code stays as it is."""
    text = EQUATION.sub(lambda one: one["indent"] + "$$" + one["tex"].rstrip()
                        + f" \\tag{{{resolve('eq', one['label']).strip('()')}}}\n" + one["indent"] + "$$", text)
    text = ATTRIBUTES.sub("", LABEL.sub("", text))
    return ROLE.sub(lambda one: one[0] if one["role"] is None else said(one["role"], one["target"], resolve),
                    text).strip()


def said(role: str, target: str, resolve: Resolve) -> str:
    """What a role says: its own title, or what the book shows."""
    if role == "math":
        return f"${target}$"
    titled = TITLED.fullmatch(target)
    if titled and "%s" not in titled["title"]:
        return titled["title"]
    return resolve(role, (titled["target"] if titled else target).strip())
