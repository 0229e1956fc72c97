#!/usr/bin/env python3
"""What a file may hold: lengths, words that logic must not say, [[nodiscard]] on results, no way out of the tree.

    check_code.py [ROOT]

It reads code as text with comments and literals blanked, so it can be wrong in theory; in practice a line that
it flags wrongly reads better when it is written another way.
"""

import re
import subprocess
import sys
from pathlib import Path

from source_tree import Finding, SourceTree, line_of, report

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

# ---- Lengths ----------------------------------------------------------------------------------------------

_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
_CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum)\b")


def without_preprocessor(code):
    return _PREPROCESSOR.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)


def _without_groups(text, opening, closing):
    """`text` without what stands between the outermost pairs."""
    depth, kept = 0, []
    for character in text:
        if character == opening:
            depth += 1
        elif character == closing and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _kind_of(head):
    """What the brace after `head` opens, for a brace that stands among declarations."""
    if re.search(r'\bextern\s*"', head):
        return "container"
    plain = _without_groups(_without_groups(head, "(", ")"), "<", ">")
    if _CONTAINER.search(plain):
        return "container"
    # A brace within parentheses is an argument, as in to_array({ ... }).
    if re.search(r"=\s*$", plain) or "(" not in head or head.count("(") > head.count(")"):
        return "initializer"
    return "function"


def functions(code):
    """(start, end) of every function that stands in a file, namespace or class, with what precedes its brace."""
    code = without_preprocessor(code)
    stack, head_start = [], 0
    for match in re.finditer(r"[{};]", code):
        at, character = match.start(), match[0]
        among_declarations = all(kind == "container" for kind, _ in stack)
        if character == "{":
            head = code[head_start:at]
            start = head_start + len(head) - len(head.lstrip())
            stack.append((_kind_of(head) if among_declarations else "inside", start))
        elif character == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                yield start, at + 1
        if among_declarations or all(kind == "container" for kind, _ in stack):
            head_start = at + 1


def check_lengths(tree, path):
    lines = tree.text(path).count("\n")
    if lines > FILE_LINES_MAX:
        yield Finding(path, FILE_LINES_MAX, f"{lines} lines; a file has at most {FILE_LINES_MAX}: split the idea")
    code = tree.code(path)
    for start, end in functions(code):
        length = code.count("\n", start, end) + 1
        if length > FUNCTION_LINES_MAX:
            name = re.search(r"([\w:~]+)\s*\(", code[start:end])
            yield Finding(path, line_of(code, start),
                          f"{name[1] if name else 'this function'} has {length} lines; at most {FUNCTION_LINES_MAX}")


# ---- Words ------------------------------------------------------------------------------------------------

LOGIC_WORDS = [
    (re.compile(r"(?<!\w)now\s*\("), "logic gets the time as an argument"),
    (re.compile(r"\brandom_device\b|#\s*include\s*<random>"), "randomness comes in as an argument (base/random.hpp)"),
    (re.compile(r"\bunordered_\w+"), "unordered containers have no fixed order"),
    (re.compile(r"\bstd::(j?thread|this_thread|async|future|promise|condition_variable\w*)\b"), "logic has no threads"),
    (re.compile(r"\bstd::\w*mutex\b|\bstd::(lock_guard|unique_lock|scoped_lock|call_once)\b"), "logic has no locks"),
    (re.compile(r"\bstd::atomic\w*"), "logic has no atomics"),
    (re.compile(r"\b(?:make_shared|shared_ptr)\b(?!<\s*(?:const\s+)?arrow::(?:RecordBatch|Schema)\b)"),
     "shared ownership only of immutable batches"),
    (re.compile(r"\bstd::(cout|cerr|clog|[io]?[fs]?stringstream|[io]fstream)\b|\blog_event\s*\(|\bspdlog::|\bSPDLOG_|\bf?printf\s*\("),
     "logic neither streams nor logs: its shell logs every event and effect"),
]
LOGIC_INCLUDES = re.compile(
    r"<(thread|mutex|shared_mutex|atomic|condition_variable|future|semaphore|latch|barrier|stop_token"
    r"|iostream|fstream|sstream|unordered_map|unordered_set|filesystem|random)>|<spdlog/")
_SHELL = re.compile(r"_(actor|codec)\.(hpp|cpp)$")


def is_logic(path):
    return path.startswith("actors/") and not _SHELL.search(path)


def may_name_caf(path):
    return path.startswith(("runtime/", "tests/", "tools/cmake/")) or re.search(r"_actor\.(hpp|cpp)$", path)


def check_words(tree, path):
    code = tree.code(path)
    if not may_name_caf(path):
        for match in re.finditer(r"\bcaf::", code):
            yield Finding(path, line_of(code, match.start()), "caf:: belongs to runtime/ and *_actor files")
    if not is_logic(path):
        return
    for include in tree.includes(path):
        if not include.quoted and LOGIC_INCLUDES.match(f"<{include.name}>"):
            yield Finding(path, include.line, f"logic must not include <{include.name}>")
    plain = without_preprocessor(code)
    for pattern, reason in LOGIC_WORDS:
        for match in pattern.finditer(plain):
            yield Finding(path, line_of(plain, match.start()), f"{match[0].strip()}: {reason}")


# ---- [[nodiscard]] ----------------------------------------------------------------------------------------

_RESULT = re.compile(r"^(?:(?:virtual|static|inline|constexpr|friend|explicit)\s+)*(?:millrace::)?(?:Status\b|Result\s*<)")
_PREFIX = re.compile(r"^\s*(?:(?:public|private|protected)\s*:\s*)*(?:template\s*<[^{};]*?>\s*(?=\w|\[))?")


def declarations(code):
    """(position, text) of each declaration outside of function bodies."""
    code = without_preprocessor(code)
    outline = list(code)
    for start, end in functions(code):
        body = code.index("{", start)
        for at in range(body + 1, end - 1):
            if outline[at] != "\n":
                outline[at] = " "
    outline = "".join(outline)
    start = 0
    for match in re.finditer(r"[{};]", outline):
        text = outline[start:match.start()]
        yield start + len(text) - len(text.lstrip()), text
        start = match.end()


def check_nodiscard(tree, path):
    if not path.endswith(".hpp"):
        return
    code = tree.code(path)
    for position, text in declarations(code):
        text = text[_PREFIX.match(text).end():]
        if not _RESULT.match(text):
            continue
        # After the type must come a name and its arguments; otherwise it is a field or a variable.
        rest = _without_groups(text, "<", ">")
        if re.match(r"^[\w\s:]*?(Status|Result)\s+(?:\w+::)*(~?\w+|operator\W+)\s*\(", rest):
            yield Finding(path, line_of(code, position), "a function that returns a Result is [[nodiscard]]")


# ---- No way out of the tree -------------------------------------------------------------------------------

# Absolute paths of one machine, and the folders that may lie beside a clone.
_OUTSIDE = re.compile(r"(?<![\w.$}-])/(home|root|work)/|\.\./shared\b")


def tracked_text_files(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                            capture_output=True, text=True, check=True)
    for name in sorted(filter(None, listed.stdout.split("\0"))):
        path = Path(root) / name
        if path.is_file() and path.suffix not in {".bin", ".png", ".zip", ".index", ".json"}:
            yield name


def check_outside(tree, path):
    for number, line in enumerate(tree.text(path).split("\n"), 1):
        # The pattern above is the one place that may spell it.
        if _OUTSIDE.search(line) and "_OUTSIDE" not in line:
            yield Finding(path, number, "leads out of the repository")


# -----------------------------------------------------------------------------------------------------------

CODE_CHECKS = [check_lengths, check_words, check_nodiscard]


def check(root):
    tree = SourceTree(root)
    files = tree.files(".cpp", ".hpp")
    findings = [finding for path in files for one in CODE_CHECKS for finding in one(tree, path)]
    if (Path(root) / ".git").exists():
        for path in tracked_text_files(root):
            findings += check_outside(tree, path)
    return findings, len(files)


if __name__ == "__main__":
    found, count = check(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    sys.exit(report("code", found, f"{count} files"))
