"""The C++ files of the repository as the checks see them: paths, includes, and code without its words.

Shared by check_layers.py, check_code.py and check_dead.py. Nothing here parses C++; it only knows where
comments and literals end, which is what makes plain searches trustworthy.
"""

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SKIPPED = {"build", "target", "__pycache__", "node_modules"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str


@dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    name: str


class SourceTree:
    """Reads files below `root`; paths are relative to it, with slashes."""

    def __init__(self, root):
        self.root = Path(root).resolve()

    def files(self, *suffixes):
        found = []
        pending = [self.root]
        while pending:
            for entry in pending.pop().iterdir():
                if entry.name.startswith(".") or entry.name in SKIPPED or entry.is_symlink():
                    continue
                if entry.is_dir():
                    pending.append(entry)
                elif entry.suffix in suffixes:
                    found.append(entry.relative_to(self.root).as_posix())
        return sorted(found)

    @cache
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    @cache
    def code(self, path):
        """The file with comments and the inside of literals blanked; line numbers stay."""
        return blank_words(self.text(path))

    def includes(self, path):
        code = self.code(path).split("\n")
        for number, line in enumerate(self.text(path).split("\n"), 1):
            match = INCLUDE.match(line)
            # The blanked line still starts with '#': it is not inside a comment.
            if match and code[number - 1].lstrip().startswith("#"):
                yield Include(number, match[1] == '"', match[2])


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


# Alternatives are tried in this order at each place. A digit's separator (1'000) is no character literal.
_WORDS = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | R"(?P<fence>[^()\\\s]{0,16})\((?P<raw>.*?)\)(?P=fence)"
      | "(?P<text>(?:\\.|[^"\\\n])*)"
      | (?P<number>\b[0-9](?:'?[0-9a-zA-Z_.])*)
      | '(?P<letter>(?:\\.|[^'\\\n])+)'""",
    re.S | re.X,
)


def blank_words(text):
    def replace(match):
        whole = match[0]
        if match["number"] is not None:
            return whole
        if match["comment"] is not None:
            return _blank(whole)
        quote = "'" if whole.endswith("'") else '"'
        return quote + _blank(whole[1:-1]) + quote

    return _WORDS.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def report(what, findings, checked):
    """Prints the findings, or one line that says what was looked at. Returns the exit code."""
    for finding in sorted(set(findings)):
        print(f"{finding.path}:{finding.line}: {finding.message}", file=sys.stderr)
    if findings:
        print(f"{what}: {len(set(findings))} findings", file=sys.stderr)
        return 1
    print(f"{what}: ok, {checked}")
    return 0
