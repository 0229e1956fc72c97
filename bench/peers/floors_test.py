#!/usr/bin/env python3
"""floors.py on made-up rounds: medians, verdicts, and the table that shows them."""

import unittest

import floors

RATE = (floors.CPP, "append", "narrow", "rows_per_s")
SERVER = (floors.CPP, "append", "narrow", "server_cpu")
SHARE = (floors.CPP, "scan", 13, "share")


def rounds_of(key, ours, theirs=()):
    """A round per value of ours."""
    rounds = []
    for i, value in enumerate(ours):
        rounds.append({"Millrace": {key: value}, "Fluss": {key: theirs[i]} if theirs else {}})
    return rounds


def only(key, ours, theirs=()):
    lines = floors.judged(rounds_of(key, ours, theirs))
    assert len(lines) == 1, lines
    return lines[0]


class Judged(unittest.TestCase):
    def test_a_rate_is_held_against_the_peers(self):
        line = only(RATE, [3e6, 1e6, 2e6], [1e6, 1e6, 1e6])
        self.assertEqual((line["goal"], line["met"], line["ratio"]), ("P1", True, 2))
        self.assertEqual((line["ours"]["median"], line["ours"]["low"], line["ours"]["high"]), (2e6, 1e6, 3e6))
        self.assertIs(only(RATE, [1.4e6], [1e6])["met"], False)

    def test_a_bound_needs_no_peer(self):
        self.assertIs(only(SERVER, [0.05])["met"], True)
        self.assertIs(only(SERVER, [0.051], [9])["met"], False)

    def test_without_a_peer_a_ratio_is_not_judged(self):
        line = only(RATE, [1e6])
        self.assertIsNone(line["met"])
        self.assertIsNone(line["ratio"])
        self.assertIsNone(line["theirs"])

    def test_the_same_share_is_allowed_five_percent_more(self):
        self.assertIs(only(SHARE, [30.0], [29.0])["met"], True)
        self.assertIs(only(SHARE, [31.0], [29.0])["met"], False)

    def test_what_nobody_measured_is_no_line(self):
        self.assertEqual(floors.judged([{"Millrace": {}, "Fluss": {RATE: 1}}]), [])

    def test_no_two_figures_have_one_key(self):
        keys = [figure.key for figure in floors.figures()]
        self.assertEqual(len(keys), len(set(keys)))


class Table(unittest.TestCase):
    def test_shows_medians_spreads_and_verdicts(self):
        text = floors.table(floors.judged(rounds_of(RATE, [1.2e6, 1.4e6], [1e6, 1e6])))
        heading, line = text.splitlines()
        self.assertEqual(heading.split(), ["GOAL", "WHAT", "DRIVER", "MILLRACE", "FLUSS", "RATIO", "FLOOR"])
        self.assertEqual(line.split()[-6:], ["1.000", "[1.000..1.000]", "1.30x", ">=", "1.5x", "MISSED"])
        self.assertIn("1.300 [1.200..1.400]", line)


if __name__ == "__main__":
    unittest.main()
