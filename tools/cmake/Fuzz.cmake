# Fuzz targets: one line each. tests/fuzz/NAME.cpp becomes the libFuzzer program fuzz_NAME in the preset `fuzz`, where
# clang builds it and all that it links with sanitizers. In the other presets nothing builds them; they are declared all
# the same, so that the checks and clang-tidy know how each file is compiled.
option(MILLRACE_FUZZ "build the fuzz targets (preset fuzz: needs clang)" OFF)

if(MILLRACE_FUZZ)
  add_custom_target(fuzzers)
  # Generated code guides the search, but it is not what is searched: with sanitizers it costs a minute more.
  foreach(generated millrace_protocol_generated millrace_schemas)
    target_compile_options(${generated} PRIVATE -fno-sanitize=address,undefined)
  endforeach()
endif()

# add_fuzz_target(NAME LINKS target... [SOURCES file...]): SOURCES are files of the tree outside of the targets linked.
function(add_fuzz_target name)
  cmake_parse_arguments(F "" "" "LINKS;SOURCES" ${ARGN})
  set(target fuzz_${name})
  set(sources ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}.cpp ${F_SOURCES})
  if(MILLRACE_FUZZ)
    add_executable(${target} EXCLUDE_FROM_ALL ${sources})
    target_link_libraries(${target} PRIVATE fuzz_main)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${target})
    add_test(NAME ${target} COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run.sh $<TARGET_FILE:${target}>
             ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name} ${CMAKE_BINARY_DIR}/run/${name})
    # libFuzzer ends by itself: see run.sh.
    set_tests_properties(${target} PROPERTIES LABELS fuzz TIMEOUT 3000)
  else()
    add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  endif()
  target_link_libraries(${target} PRIVATE ${F_LINKS} GTest::gtest)
  target_compile_options(${target} PRIVATE ${MILLRACE_WARNINGS})
  target_compile_definitions(${target} PRIVATE MILLRACE_GOLDEN_DIR="${CMAKE_SOURCE_DIR}/tests/golden")
  target_precompile_headers(${target} REUSE_FROM pch_base)
endfunction()

# What every target shares: libFuzzer's entry points.
add_library(fuzz_main OBJECT EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_main.cpp)
target_link_libraries(fuzz_main PRIVATE millrace_base GTest::gtest)
target_compile_options(fuzz_main PRIVATE ${MILLRACE_WARNINGS})
target_precompile_headers(fuzz_main REUSE_FROM pch_base)

# ---- The targets, by where the bytes come from. ----
set(_codecs)  # Shells without their actors: no CAF.
foreach(role coordinator device gateway metadata replica tablet)
  list(APPEND _codecs ${CMAKE_SOURCE_DIR}/actors/${role}/${role}_codec.cpp)
endforeach()
list(APPEND _codecs ${CMAKE_SOURCE_DIR}/actors/coordinator/alteration_codec.cpp
     ${CMAKE_SOURCE_DIR}/actors/replica/replication_codec.cpp)
set(_envelope ${CMAKE_SOURCE_DIR}/runtime/envelope.cpp)

# Clients and servers of the public protocol
add_fuzz_target(frame LINKS millrace_protocol)
add_fuzz_target(request LINKS millrace_gateway_logic)
add_fuzz_target(authentication LINKS millrace_gateway_logic)
add_fuzz_target(row_messages LINKS millrace_protocol)
add_fuzz_target(client LINKS millrace_client
                SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/client/fake_peer.cpp ${CMAKE_SOURCE_DIR}/tests/unit/client/fake_cluster.cpp)
add_fuzz_target(arrow_batch LINKS millrace_protocol)
add_fuzz_target(arrow_metadata LINKS millrace_protocol)
add_fuzz_target(row_batch LINKS millrace_protocol)
add_fuzz_target(keys LINKS millrace_protocol)
add_fuzz_target(descriptor_json LINKS millrace_protocol)
add_fuzz_target(partition_time LINKS millrace_protocol)
add_fuzz_target(http LINKS millrace_console_logic Boost::headers SOURCES ${CMAKE_SOURCE_DIR}/actors/console/http_codec.cpp)
# Other nodes and processes
add_fuzz_target(link_frame LINKS millrace_base millrace_schemas SOURCES ${CMAKE_SOURCE_DIR}/runtime/link/link_frame.cpp ${_envelope})
add_fuzz_target(envelope LINKS millrace_coordinator_logic millrace_device_logic millrace_gateway_logic millrace_metadata_logic
                millrace_replica_logic millrace_tablet_logic SOURCES ${_codecs} ${_envelope})
add_fuzz_target(agent_message LINKS millrace_agent)
# The disk
add_fuzz_target(catalog_record LINKS millrace_catalog)
add_fuzz_target(log_files LINKS millrace_log_segmented millrace_disk_simulated)
add_fuzz_target(record_file LINKS millrace_agent millrace_data_directory)
# Whoever types or writes a file
add_fuzz_target(server_yaml LINKS millrace_config)
add_fuzz_target(setting_text LINKS millrace_agent millrace_protocol)
add_fuzz_target(type_text LINKS millrace_protocol SOURCES ${CMAKE_SOURCE_DIR}/apps/cli/column_list.cpp)
add_fuzz_target(row_file LINKS millrace_protocol Arrow::parquet Arrow::compute
                SOURCES ${CMAKE_SOURCE_DIR}/apps/cli/row_source.cpp ${CMAKE_SOURCE_DIR}/apps/cli/checked_lines.cpp ${CMAKE_SOURCE_DIR}/apps/cli/row_text.cpp
                        ${CMAKE_SOURCE_DIR}/apps/demo/flights_file.cpp ${CMAKE_SOURCE_DIR}/apps/demo/origin_totals.cpp)
