# Every test program: one line each. tests/unit mirrors the tree.
add_suite(unit_base IN tests/unit/base LINKS millrace_base PCH pch_test LABELS unit)
add_suite(unit_config IN tests/unit/apps/config LINKS millrace_config PCH pch_test LABELS unit)
add_suite(unit_transport_asio IN tests/unit/runtime/transport/asio LINKS millrace_transport_asio PCH pch_test LABELS unit)
add_suite(unit_protocol IN tests/unit/protocol LINKS millrace_protocol PCH pch_test LABELS unit)
add_suite(golden IN tests/golden LINKS millrace_protocol PCH pch_test LABELS golden)

# The checks, and the suites in Python. Label "peer": takes any Fluss server (./dev test --all runs it on the real one).
include(Checks)
add_pytest(e2e_pyfluss IN tests/e2e/pyfluss LABELS e2e peer TIMEOUT 300)
