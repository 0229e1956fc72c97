# Arrow C++ as the pyarrow wheel carries it: headers, and libraries that are named by so-version only.
# Input: ARROW_WHEEL_PYTHON, the python that has pyarrow. Targets: Arrow::arrow, Arrow::compute, Arrow::parquet.
if(NOT ARROW_WHEEL_ROOT)
  execute_process(
    COMMAND "${ARROW_WHEEL_PYTHON}" -c
      "from importlib.util import find_spec; print(list(find_spec('pyarrow').submodule_search_locations)[0])"
    OUTPUT_VARIABLE _root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(ARROW_WHEEL_ROOT "${_root}" CACHE PATH "folder of the pyarrow package")
endif()

set(_config "${ARROW_WHEEL_ROOT}/include/arrow/util/config.h")
if(EXISTS "${_config}")
  file(READ "${_config}" _text)
  string(REGEX MATCH "define ARROW_VERSION_STRING \"([0-9.]+)\"" _ "${_text}")
  set(ArrowWheel_VERSION "${CMAKE_MATCH_1}")
  string(REGEX MATCH "define ARROW_SO_VERSION \"([0-9]+)\"" _ "${_text}")
  set(ArrowWheel_SO_VERSION "${CMAKE_MATCH_1}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowWheel
  REQUIRED_VARS ARROW_WHEEL_ROOT ArrowWheel_SO_VERSION VERSION_VAR ArrowWheel_VERSION)

function(_arrow_wheel_library target file)
  if(TARGET Arrow::${target})
    return()
  endif()
  add_library(Arrow::${target} SHARED IMPORTED)
  set_target_properties(Arrow::${target} PROPERTIES
    IMPORTED_LOCATION "${ARROW_WHEEL_ROOT}/lib${file}.so.${ArrowWheel_SO_VERSION}"
    INTERFACE_INCLUDE_DIRECTORIES "${ARROW_WHEEL_ROOT}/include"
    INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

if(ArrowWheel_FOUND)
  _arrow_wheel_library(arrow arrow)
  _arrow_wheel_library(compute arrow_compute Arrow::arrow)
  _arrow_wheel_library(parquet parquet Arrow::arrow)
endif()
