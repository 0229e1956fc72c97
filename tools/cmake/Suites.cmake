# Every test program: one line each. tests/unit mirrors the tree.
add_suite(unit_base IN tests/unit/base LINKS millrace_base PCH pch_test LABELS unit)
