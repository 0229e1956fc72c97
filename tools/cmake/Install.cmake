# What `cmake --install` makes: bin/ and lib/ that find each other wherever the folder is put. tools/package/ makes the packages of it.

set(_programs millrace millrace-node)
set_target_properties(${_programs} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
foreach(program ${_programs})
  # DT_RPATH instead of DT_RUNPATH: it counts for what libraries need as well, such as Debian's RocksDB in a package that carries it.
  target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
endforeach()
install(TARGETS ${_programs} RUNTIME DESTINATION bin)

# No other package has them: what Debian has is left to Debian, or added by the script.
install(FILES $<TARGET_FILE:Arrow::arrow> $<TARGET_FILE:Arrow::parquet> DESTINATION lib)
install(DIRECTORY ${ARROW_WHEEL_ROOT}/../pyarrow-${ArrowWheel_VERSION}.dist-info/licenses/ DESTINATION share/doc/millrace/licences/arrow)

install(FILES tools/package/server.yaml tools/package/millrace.service DESTINATION share/millrace)
install(FILES docs/operating/packages.md DESTINATION share/doc/millrace)
