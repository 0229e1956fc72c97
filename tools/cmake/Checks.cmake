# The checks as ctest entries, and the suites written in Python. The link tests belong to the build instead.
include(LinkTests)

add_test(NAME check COMMAND ${CMAKE_SOURCE_DIR}/tools/check.sh ${CMAKE_BINARY_DIR})
# What checks must itself be seen to fail.
add_test(NAME check_layers_test COMMAND ${CMAKE_SOURCE_DIR}/tools/check_layers_test.py)
add_test(NAME check_code_test COMMAND ${CMAKE_SOURCE_DIR}/tools/check_code_test.py)
# So must what looks for planted bugs, which only ./dev test --all does.
add_test(NAME check_planted_test COMMAND ${CMAKE_SOURCE_DIR}/tests/planted/run_test.py)
set_tests_properties(check check_layers_test check_code_test check_planted_test PROPERTIES LABELS check TIMEOUT 120)

# add_pytest(NAME IN folder [LABELS label...] [TIMEOUT seconds]): the test_*.py of a folder as one ctest entry.
# They start real processes, so only one such entry runs at a time.
function(add_pytest name)
  cmake_parse_arguments(P "" "IN;TIMEOUT" "LABELS" ${ARGN})
  add_test(NAME ${name}
    COMMAND ${ARROW_WHEEL_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_SOURCE_DIR}/${P_IN})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${P_TIMEOUT} LABELS "${P_LABELS}" RESOURCE_LOCK processes
    ENVIRONMENT "MILLRACE_BIN=${CMAKE_BINARY_DIR}/bin;PYTHONDONTWRITEBYTECODE=1")
endfunction()
