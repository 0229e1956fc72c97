#include "runtime/envelope.hpp"

#include <fmt/format.h>

namespace millrace {

std::size_t Envelope::size_bytes() const {
  std::size_t bytes = size_words() * sizeof(capnp::word);
  for (const Buffer& attachment : attachments) bytes += attachment.size();
  return bytes;
}

namespace detail {

Error wrong_schema(std::uint64_t expected, std::uint64_t found) {
  return {Errc::malformed,
          fmt::format("unexpected message: wanted schema {:#x}, got {:#x}", expected, found)};
}

capnp::ReaderOptions reader_options(std::size_t size_words) {
  capnp::ReaderOptions options;
  // The size is capped by whoever made the words; reading every field a few times must not fail.
  options.traversalLimitInWords = 8 * size_words + 1024;
  options.nestingLimit = 32;
  return options;
}

}  // namespace detail
}  // namespace millrace
