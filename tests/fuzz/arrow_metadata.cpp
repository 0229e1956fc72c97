#include "base/check.hpp"
#include "protocol/arrow_message.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/buffer_compression.hpp"
#include "tests/fuzz/fuzz_schemas.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// The FlatBuffers metadata of an Arrow message, without the batch around it, and the head of a
// compressed buffer.

namespace millrace::fuzz {

using namespace protocol;

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t body_size_max = std::size_t{1} << reader.below(40);
  const Buffer flatbuffer = reader.rest();
  for (const CompressionType codec : {CompressionType::lz4_frame, CompressionType::zstd})
    (void)decompressed_size(flatbuffer.bytes(), codec);
  const auto metadata = read_metadata(flatbuffer.bytes(), body_size_max);
  if (!metadata) return;
  std::int64_t at = 0;
  for (const BodyRange& range : metadata->buffers) {
    CHECK(range.offset >= 0);
    CHECK(range.length >= 0);
    CHECK(range.end() <= metadata->body_length);
    if (range.length == 0) continue;
    CHECK(range.offset >= at);
    at = range.end();
  }
  CHECK(static_cast<std::size_t>(metadata->body_length) <= body_size_max);
  const std::vector<std::byte> head = encode_message_head(*metadata);
  CHECK(read_metadata(Bytes(head).subspan(message_prefix_size), body_size_max) == metadata);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  for (const Schema& schema : schemas()) {
    Random random(1);
    const auto rows = random_rows(schema, 2, random);
    const Buffer batch =
        encode_batch(*rows, {.compression = {.type = CompressionType::lz4_frame}}).value();
    const auto header = parse_whole_batch(batch.bytes()).value();
    const auto head = encode_message_head(read_message(batch, header).value().metadata);
    made.push_back(
        InputWriter().byte(20).rest(text_of(Bytes(head).subspan(message_prefix_size))).done());
  }
  return made;
}

}  // namespace millrace::fuzz
