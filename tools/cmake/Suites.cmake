# Every test program, a line each; tests/unit mirrors the tree, layer by layer from below. Label "peer": needs only an address, so that
# ./dev test --all runs it on a real Fluss server as well.

# ---- Unit, golden, conformance --------------------------------------------------------------------
add_suite(unit_base IN tests/unit/base LINKS millrace_base PCH pch_test LABELS unit)
add_suite(unit_protocol IN tests/unit/protocol LINKS millrace_protocol PCH pch_test LABELS unit)
add_suite(golden IN tests/golden LINKS millrace_protocol PCH pch_test LABELS golden)
add_suite(golden_data IN tests/golden/data_directory
          LINKS millrace_log_segmented millrace_disk_posix millrace_data_directory millrace_meta_embedded millrace_catalog
          PCH pch_test LABELS golden)
add_suite(unit_client IN tests/unit/client SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/client/fake_peer.cpp ${CMAKE_SOURCE_DIR}/tests/unit/client/fake_cluster.cpp
          LINKS millrace_client PCH pch_test LABELS unit)
add_suite(unit_state IN tests/unit/state/disk/simulated tests/unit/state/disk/identity tests/unit/state/log/segmented tests/unit/state/log/port
          LINKS millrace_log_segmented millrace_disk_simulated millrace_data_directory PCH pch_test LABELS unit)
add_suite(conformance_state IN tests/conformance/state
          LINKS millrace_log_segmented millrace_disk_posix millrace_disk_simulated millrace_disk_faulty millrace_meta_memory
          millrace_meta_embedded PCH pch_test LABELS conformance)
add_suite(unit_runtime IN tests/unit/runtime tests/unit/runtime/supervision tests/unit/runtime/link tests/unit/runtime/simulator
          LINKS millrace_runtime millrace_transport_asio PCH pch_test LABELS unit)
add_suite(unit_transport_asio IN tests/unit/runtime/transport/asio LINKS millrace_transport_asio PCH pch_test LABELS unit)
add_suite(unit_device IN tests/unit/actors/device
          LINKS millrace_device millrace_replica millrace_tablet millrace_log_segmented millrace_disk_simulated PCH pch_test LABELS unit)
add_suite(unit_replica IN tests/unit/actors/replica LINKS millrace_replica millrace_tablet PCH pch_test LABELS unit)
add_suite(unit_tablet IN tests/unit/actors/tablet LINKS millrace_tablet PCH pch_test LABELS unit)
add_suite(unit_coordinator IN tests/unit/actors/coordinator tests/unit/actors/metadata
          LINKS millrace_coordinator millrace_metadata millrace_tablet millrace_meta_memory PCH pch_test LABELS unit)
add_suite(unit_gateway IN tests/unit/actors/gateway LINKS millrace_gateway millrace_replica millrace_coordinator PCH pch_test LABELS unit)
add_suite(unit_console IN tests/unit/actors/console LINKS millrace_console PCH pch_test LABELS unit)
add_suite(unit_config IN tests/unit/apps/config LINKS millrace_config PCH pch_test LABELS unit)
add_suite(unit_agent IN tests/unit/apps/agent LINKS millrace_agent PCH pch_test LABELS unit)
add_suite(unit_launcher IN tests/unit/apps/launcher LINKS millrace_launcher PCH pch_test LABELS unit)
add_suite(unit_cli IN tests/unit/apps/cli LINKS millrace_cli PCH pch_test LABELS unit)
add_suite(unit_demo IN tests/unit/apps/demo LINKS millrace_demo PCH pch_test LABELS unit)
add_suite(unit_load IN tests/unit/bench/load tests/unit/bench/record LINKS millrace_load PCH pch_test LABELS unit)
add_suite(unit_scenarios IN tests/unit/scenarios/checkers tests/unit/scenarios/memory LINKS millrace_scenarios PCH pch_test LABELS unit)

# ---- Simulation -----------------------------------------------------------------------------------
add_suite(simulation IN tests/simulation LINKS millrace_scenarios PCH pch_test LABELS simulation TIMEOUT 900)

# ---- Real processes and real clients --------------------------------------------------------------
add_suite(e2e_launcher IN tests/e2e/launcher SOURCES tests/e2e/launcher/program.cpp LINKS millrace_agent PCH pch_test LABELS e2e)
add_program(fake_node IN tests/e2e/launcher/fake_node LINKS millrace_agent PCH pch_base)
target_compile_definitions(e2e_launcher PRIVATE MILLRACE_PROGRAM="$<TARGET_FILE:millrace>" FAKE_NODE_PROGRAM="$<TARGET_FILE:fake_node>")
add_dependencies(e2e_launcher millrace fake_node)
add_suite(e2e_node IN tests/e2e/node SOURCES tests/e2e/node/blocking_client.cpp tests/e2e/launcher/program.cpp
          LINKS millrace_node millrace_disk_faulty millrace_meta_memory PCH pch_test LABELS e2e)
target_compile_definitions(e2e_node PRIVATE MILLRACE_PROGRAM="$<TARGET_FILE:millrace-node>")
add_dependencies(e2e_node millrace-node)
add_suite(e2e_client IN tests/e2e/client SOURCES tests/e2e/client/client_suite.cpp tests/e2e/client/live_cluster.cpp
          LINKS millrace_demo PCH pch_test LABELS e2e peer TIMEOUT 300)
set_tests_properties(e2e_client PROPERTIES RESOURCE_LOCK processes)
add_dependencies(e2e_client millrace millrace-node)

add_suite(e2e_power IN tests/e2e/power
          SOURCES tests/e2e/client/client_suite.cpp tests/e2e/client/live_cluster.cpp tests/e2e/launcher/program.cpp
          LINKS millrace_demo PCH pch_test LABELS e2e TIMEOUT 300)
add_library(fault_shim SHARED tests/e2e/power/shim/fault_shim.cpp)
target_link_libraries(fault_shim PRIVATE ${CMAKE_DL_LIBS})
target_compile_options(fault_shim PRIVATE ${MILLRACE_WARNINGS})
target_compile_definitions(e2e_power PRIVATE MILLRACE_PROGRAM="$<TARGET_FILE:millrace-node>" FAULT_SHIM="$<TARGET_FILE:fault_shim>")
set_tests_properties(e2e_power PROPERTIES RESOURCE_LOCK processes)
add_dependencies(e2e_power millrace-node fault_shim)

include(Checks)
add_pytest(e2e_demo IN tests/e2e/demo LABELS e2e TIMEOUT 300)
add_pytest(e2e_pyfluss IN tests/e2e/pyfluss LABELS e2e peer TIMEOUT 300)
# One list of behaviours for every release of the Java client. CMake compiles none of it: ./dev setup or the suite does.
foreach(release 091 100)
  add_pytest(e2e_java_${release} IN tests/e2e/java LABELS e2e peer TIMEOUT 300)
  set_property(TEST e2e_java_${release} APPEND PROPERTY ENVIRONMENT "MILLRACE_JAVA_CLIENT=${release}")
endforeach()
# Every client writes, every client reads.
add_pytest(e2e_cross IN tests/e2e/cross LABELS e2e peer TIMEOUT 300)
# What takes long to get and to run, label "all": only the preset "all" runs it, which is ./dev test --all.
add_pytest(e2e_flink IN tests/e2e/flink LABELS e2e peer all TIMEOUT 1200)
add_pytest(e2e_rust IN tests/e2e/rust LABELS e2e peer all TIMEOUT 1900)
# The pairs that the Rust client is one of.
add_pytest(e2e_cross_rust IN tests/e2e/cross LABELS e2e peer all TIMEOUT 1900)
set_property(TEST e2e_cross_rust APPEND PROPERTY ENVIRONMENT "MILLRACE_CROSS_RUST=1")
# What ./dev package made, on a bare Debian 12 and in a virtual environment.
add_pytest(e2e_package IN tests/e2e/package LABELS e2e all TIMEOUT 1800)

# ---- The benchmarks at their smallest: they must run, nothing is measured --------------------------
add_test(NAME bench_micro COMMAND millrace-bench-micro --smoke)
add_test(NAME bench_flights COMMAND millrace-bench-flights --smoke --data ${CMAKE_SOURCE_DIR}/.dev/data/nycflights13)
add_test(NAME bench_partitions COMMAND millrace-bench-partitions --smoke)
# The load driver and what compares with a peer, on Millrace alone.
add_test(NAME bench_peers COMMAND ${CMAKE_SOURCE_DIR}/bench/peers/compare.py --smoke --programs ${CMAKE_BINARY_DIR}/bin)
add_test(NAME bench_floors_test COMMAND ${CMAKE_SOURCE_DIR}/bench/peers/floors_test.py)
set_tests_properties(bench_micro bench_flights bench_partitions bench_peers bench_floors_test PROPERTIES LABELS bench TIMEOUT 120 RESOURCE_LOCK processes)
