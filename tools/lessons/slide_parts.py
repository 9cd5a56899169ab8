"""What stands on slides, as HTML, and how many lines it takes there."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LINES, LETTERS = 14.5, 80  # of text that fit on a slide, and on a line
PIECES = 2  # slides that one table may take
TABLE = re.compile(r"(.*<tbody>)(.*)(</tbody>.*)", re.DOTALL)
CODE = HtmlFormatter(cssclass="code")


def text(source: str) -> str:
    """Return Markdown as HTML without pictures and local links: in a file of its own they lead nowhere."""
    source = re.sub(r" - \[open\]\([^)]*\)$", "", source)  # of an exercise, which stands beside the lesson
    made = re.sub(r"<img[^>]*>", "", markdown2html_mistune(source)).strip()
    return re.sub(r'<a href="(?!https?:)[^"]*">(.*?)</a>', r"\1", made, flags=re.DOTALL)


def heading(line: str) -> str:
    """Return the words of a heading as HTML; "1." in front of them begins no list."""
    return re.sub("</?p>", "", text(re.sub(r"^(\d+)\.", r"\1\\.", line.lstrip("# "))))


def lines(source: str) -> float:
    """Return how many lines a text takes: in its source, a sentence may go on in the next line."""
    joined = re.sub(r"\n(?![-*|>]|\d+\.)", " ", source).splitlines()
    return 0.5 + sum(-(-len(line) // LETTERS) for line in joined)


def code(source: str) -> str:
    """Return coloured code."""
    return highlight(source, PythonLexer(), CODE)


def code_style() -> str:
    """Return the CSS of the colours."""
    return CODE.get_style_defs(".code")


def code_lines(source: str) -> float:
    """Return how many lines of text some code takes, or what it printed: its letters are smaller."""
    return 1.5 + 0.7 * source.count("\n")


def output(printed: str, *, later: bool) -> str:
    """Return what a cell printed; ``later``: it is seen only after a key press."""
    return f'<pre class="out{" later" if later else ""}">{html.escape(printed)}</pre>'


def printed(output: NotebookNode) -> str:
    """Return what an output says in plain text, if it is nothing else."""
    if output.output_type == "stream":
        return output.text.rstrip() if output.name == "stdout" else ""
    data = output.get("data", {})
    return "" if {"image/png", "text/html"} & set(data) else data.get("text/plain", "").rstrip()


def pictured(output: NotebookNode) -> Iterator[str]:
    """Yield a figure; or a table in pieces that fit on a slide, a long one not to its end."""
    data = output.get("data", {})
    if "image/png" in data:
        alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""))
        yield f'<img src="data:image/png;base64,{data["image/png"].strip()}" alt="{alt}">'
    elif "text/html" in data:
        table = TABLE.search(re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.DOTALL))
        if table is None:
            yield data["text/html"]
            return
        start, body, end = table.groups()
        pieces = _pieces(re.findall(r"<tr.*?</tr>", body, re.DOTALL))
        left_out = sum(map(len, pieces[PIECES:]))
        for number, piece in enumerate(pieces[:PIECES], start=1):
            note = f"<p>and {left_out} more rows, in the lesson</p>" if left_out and number == PIECES else ""
            yield start + "".join(piece) + end + note


def _pieces(rows: list[str]) -> list[list[str]]:
    """Return rows in groups, each as many as a slide holds."""
    pieces: list[list[str]] = [[]]
    taken = 0.0
    for row in rows:
        takes = max(1.0, len(re.sub("<.*?>", "", row)) / LETTERS)
        if pieces[-1] and taken + takes > 0.8 * LINES:
            pieces.append([])
            taken = 0.0
        pieces[-1].append(row)
        taken += takes
    return pieces
