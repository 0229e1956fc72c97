"""Tables to exchange: columns and rows, decided by a seed or, where clients differ, written down one by one."""

import dataclasses
from random import Random
from typing import Any

from kinds import EVERY_KIND, Kind, binary, char, maybe_null, timestamp

ROWS_COUNT = 30


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    kind: Kind
    nullable: bool = True

    def sql(self) -> str:
        return f"{self.name} {self.kind.sql}{'' if self.nullable else ' NOT NULL'}"


@dataclasses.dataclass(frozen=True)
class Sample:
    name: str
    columns: list[Column]
    rows: list[list[Any]]


def random_sample(seed: int) -> Sample:
    """Every kind once, in an order of the seed; the first row is as empty as it may be."""
    random = Random(seed)
    names = random.sample(sorted(EVERY_KIND), len(EVERY_KIND))
    columns = [Column(name, EVERY_KIND[name], random.random() < 0.8) for name in names]
    rows = [[None if column.nullable else column.kind.draw(random) for column in columns]]
    while len(rows) < ROWS_COUNT:
        rows.append([maybe_null(c.kind, random) if c.nullable else c.kind.draw(random) for c in columns])
    return Sample(f"seed_{seed}", columns, rows)


def single(name, kind, *values):
    return Sample(name, [Column("value", kind)], [[value] for value in values])


# Five letters, more than five bytes.
WIDE_CHAR = single("wide_char", char(5, []), "a", "Züric", "上海🚀é")
ZERO_ENDED = single("zero_ended_binary", binary(4), "01020304", "01000000")
WITHIN_A_MILLISECOND = single("moments_before_1970", timestamp(6), [0, 1_000], [-1, 999_000])
WITHIN_A_MILLISECOND_LOCAL = single("local_moments_before_1970", timestamp(9, local=True), [0, 1], [-1_000, 999_999])

SAMPLES = {
    one.name: one
    for one in (
        *map(random_sample, (1, 2, 3)),
        WIDE_CHAR,
        ZERO_ENDED,
        WITHIN_A_MILLISECOND,
        WITHIN_A_MILLISECOND_LOCAL,
    )
}
