# Generated code counts as system headers: it is neither ours to format nor to warn about.

# generate_schemas(NAME IN folder): every .capnp of the folder as one library; include "schemas/x.capnp.h".
function(generate_schemas name)
  cmake_parse_arguments(G "" "IN" "" ${ARGN})
  file(GLOB schemas CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${G_IN}/*.capnp")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/generated/${G_IN}")
  set(CAPNPC_SRC_PREFIX "${CMAKE_SOURCE_DIR}")
  set(CAPNPC_OUTPUT_DIR "${CMAKE_BINARY_DIR}/generated")
  capnp_generate_cpp(sources headers ${schemas})
  add_library(millrace_${name} STATIC ${sources} ${headers})
  target_include_directories(millrace_${name} SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/generated")
  target_link_libraries(millrace_${name} PUBLIC CapnProto::capnp)
endfunction()

# The public protocol's messages (protobuf) and Arrow's message metadata (FlatBuffers).
find_program(FLATC flatc REQUIRED)
set(_out "${CMAKE_BINARY_DIR}/generated/protocol")
file(MAKE_DIRECTORY "${_out}")
set(_proto "${CMAKE_SOURCE_DIR}/protocol/fluss.proto")
set(_fbs "${CMAKE_SOURCE_DIR}/protocol/arrow_message.fbs")
if(EXISTS "${_proto}" AND EXISTS "${_fbs}")
  add_custom_command(
    OUTPUT "${_out}/fluss.pb.cc" "${_out}/fluss.pb.h"
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}/generated ${_proto}
    DEPENDS "${_proto}")
  add_custom_command(
    OUTPUT "${_out}/arrow_message_generated.h"
    COMMAND ${FLATC} --cpp --scoped-enums -o ${_out} ${_fbs}
    DEPENDS "${_fbs}")
  add_library(millrace_protocol_generated STATIC
    "${_out}/fluss.pb.cc" "${_out}/fluss.pb.h" "${_out}/arrow_message_generated.h")
  target_include_directories(millrace_protocol_generated SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/generated")
  target_link_libraries(millrace_protocol_generated PUBLIC protobuf::libprotobuf)
else()
  add_library(millrace_protocol_generated INTERFACE)
endif()
