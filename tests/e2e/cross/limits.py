"""What a client cannot do, and why. The suite asks for it all the same."""

import dataclasses
from typing import Any

from samples import WIDE_CHAR, WITHIN_A_MILLISECOND, WITHIN_A_MILLISECOND_LOCAL, ZERO_ENDED

JAVA = ("java_091", "java_100")
ANY = "any"


@dataclasses.dataclass(frozen=True)
class Limit:
    client: str
    verb: str  # write or read
    log_format: str
    sample: str  # Its name, or ANY.
    reason: str
    words: str = ""  # Of its refusal; or else it does it wrong:
    instead: Any = None  # What it reads.
    on: str = ""  # The server that it is so on, if not on every one.

    def covers(self, client, verb, log_format, sample):
        return (self.client, self.verb, self.log_format) == (client, verb, log_format) and self.sample in (ANY, sample)


def _limits():
    # pyfluss is fluss-rs inside.
    for client in ("pyfluss", "rust"):
        yield Limit(client, "read", "INDEXED", ANY, "it scans ARROW logs only", "only supported for ARROW")
        yield Limit(client, "read", "COMPACTED", ANY, "it does not know COMPACTED", "Unknown log format")
    reason = "it tells the columns in Arrow of what it can scan only, which a writer has to know"
    yield Limit("pyfluss", "write", "INDEXED", ANY, reason, "only supported for ARROW")
    yield Limit("pyfluss", "write", "COMPACTED", ANY, reason, "Unknown log format")
    # Fluss takes that, and then no client can read it.
    reason = "it appends Arrow whatever the format, and the server refuses it"
    for log_format in ("INDEXED", "COMPACTED"):
        yield Limit("rust", "write", log_format, ANY, reason, "code: 14", on="millrace")
    reason = "an INDEXED row has n bytes for CHAR(n)"
    yield Limit("millrace", "write", "INDEXED", WIDE_CHAR.name, reason, "value is longer than its column")
    for client in JAVA:
        yield Limit(client, "write", "INDEXED", WIDE_CHAR.name, reason, "ArrayIndexOutOfBoundsException")
        padding = "it takes zeros at the end of an INDEXED row's BINARY(n) for padding"
        yield Limit(client, "read", "INDEXED", ZERO_ENDED.name, padding, instead=[["01020304"], ["01"]])
        for sample in (WITHIN_A_MILLISECOND, WITHIN_A_MILLISECOND_LOCAL):
            rounding = "it rounds Arrow's counts towards 1970, and then has less than no nanoseconds"
            yield Limit(client, "read", "ARROW", sample.name, rounding, "FetchException")


LIMITS = list(_limits())


def is_limited(client, verb, log_format, sample):
    return any(limit.covers(client, verb, log_format, sample) for limit in LIMITS)
