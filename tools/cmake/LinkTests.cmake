# Link tests: what a layer says it needs is all that it needs.
#
# For every library of ours one program is linked out of the *whole* archive and the dependencies it declares
# (and what those declare), nothing else. An object file that calls into a library its layer does not name
# leaves an undefined symbol, and the build fails. `check_layers.py` reads the includes; this reads the symbols.

# add_link_test(TARGET): the program link_tests/TARGET. Libraries without object files have nothing to link.
function(add_link_test target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "STATIC_LIBRARY")
    return()
  endif()
  set(program link_${target})
  add_executable(${program} "${CMAKE_BINARY_DIR}/link_tests/main.cpp")
  target_link_libraries(${program} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${target}>")
  # Nobody runs or debugs them: stripped, they cost a tenth of the disk.
  target_link_options(${program} PRIVATE -Wl,--no-undefined -Wl,--strip-all)
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/link_tests" EXPORT_COMPILE_COMMANDS OFF)
  add_dependencies(link_tests ${program})
endfunction()

# One test per library that add_layer and add_role made, whichever order the lists come in.
function(add_link_tests)
  file(WRITE "${CMAKE_BINARY_DIR}/link_tests/main.cpp.in" "int main() { return 0; }\n")
  configure_file("${CMAKE_BINARY_DIR}/link_tests/main.cpp.in" "${CMAKE_BINARY_DIR}/link_tests/main.cpp" COPYONLY)
  add_custom_target(link_tests)
  get_property(targets GLOBAL PROPERTY MILLRACE_LIBRARIES)
  foreach(target ${targets})
    add_link_test(${target})
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL add_link_tests)
