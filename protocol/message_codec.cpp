#include "protocol/message_codec.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace millrace::protocol {

// The "partial" calls are used throughout: the others print to stderr when a required field is
// missing, and what clients send must not fill the log.

Status parse_into(google::protobuf::MessageLite& message, Bytes body, std::size_t bytes_max) {
  if (body.size() > bytes_max) {
    return fail(Errc::overloaded, message.GetTypeName() +
                                      " is too large: " + std::to_string(body.size()) +
                                      " bytes, at most " + std::to_string(bytes_max));
  }
  if (!message.ParsePartialFromArray(body.data(), static_cast<int>(body.size())))
    return fail(Errc::malformed, "not a valid " + message.GetTypeName());
  if (!message.IsInitialized())
    return fail(Errc::malformed, "required field missing in " + message.GetTypeName());
  return {};
}

Buffer serialize(const google::protobuf::MessageLite& message) {
  CHECK(message.IsInitialized());
  std::vector<std::byte> bytes(message.ByteSizeLong());
  CHECK(message.SerializePartialToArray(bytes.data(), static_cast<int>(bytes.size())));
  return Buffer::from(std::move(bytes));
}

}  // namespace millrace::protocol
