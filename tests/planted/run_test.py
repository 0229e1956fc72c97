#!/usr/bin/env python3
"""That run.py reads the enumeration, the tree and the simulation's words right, and that the document lists what there is."""

import re
import unittest

from run import HEADER, ROOT, bugs_in, bugs_without_a_line, checker_of, first_catch, texts_of_sources

OUTPUT = """\
[ RUN      ] Append.LosesNothing
[2026-01-01] [info] something said meanwhile
tests/simulation/sweep.hpp:40: Failure
Failed
seed 7 fails after 1234 ms of simulated time, 99 messages:
  acknowledged row lost: row 3 of writer 1 of bucket 0/1 (offset 9) is not in the final read
  duplicate: row 4 of writer 1 at bucket 0/1 offset 8 as the final read sees it and at offset 7
again: MILLRACE_SEED=7 build/planted/bin/simulation --gtest_filter=Append.LosesNothing

[  FAILED  ] Append.LosesNothing (12 ms)
"""


class RunTest(unittest.TestCase):
    def test_names_come_in_order_and_without_their_comments(self):
        header = "enum class PlantedBug {\n  /// Says that, and this.\n  first_one,\n  /// More.\n  second_one,\n};\n"
        self.assertEqual(bugs_in(header), ["first_one", "second_one"])

    def test_a_bug_that_no_line_plants_is_found(self):
        texts = ["if (is_planted(PlantedBug::first_one)) return;", "// second_one"]
        self.assertEqual(bugs_without_a_line(["first_one", "second_one"], texts), ["second_one"])

    def test_the_first_violation_tells_the_checker(self):
        catch = first_catch(OUTPUT)
        self.assertEqual((catch.case, catch.checker), ("Append.LosesNothing", "check_nothing_lost"))

    def test_an_expectation_catches_too(self):
        only = OUTPUT.replace("  acknowledged row lost", "  a writer gave rows up")
        self.assertEqual(first_catch(only).checker, "the scenario")

    def test_a_failure_without_a_violation_is_no_catch(self):
        self.assertIsNone(first_catch("Check failed: position == size_\n[  FAILED  ] Append.LosesNothing (12 ms)\n"))

    def test_every_checker_that_is_named_exists(self):
        code = "".join(path.read_text() for path in (ROOT / "scenarios" / "checkers").glob("*.hpp"))
        for violation in ("acknowledged row lost: x", "row that was read is lost: x", "table lost: x"):
            self.assertIn(f" {checker_of(violation)}(", code)

    def test_every_bug_is_planted_and_listed(self):
        bugs = bugs_in((ROOT / HEADER).read_text())
        self.assertEqual(bugs_without_a_line(bugs, list(texts_of_sources(ROOT))), [])
        listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "planted-bugs.md").read_text(), re.M)
        self.assertEqual(listed, bugs)


if __name__ == "__main__":
    unittest.main()
