#include "protocol/frame.hpp"

#include "base/check.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/unit/protocol/mutation.hpp"

// A connection's byte stream, as a server and as a client cut it. The first byte says how it is cut
// into pieces: that must not matter.

namespace millrace::fuzz {
namespace {

using namespace protocol;

struct Cut {
  std::vector<std::string> payloads;
  std::optional<Errc> lost;
  friend bool operator==(const Cut&, const Cut&) = default;
};

Cut cut(const Buffer& stream, std::size_t piece_size) {
  FrameSplitter splitter(1 << 16);
  Cut found;
  for (std::size_t at = 0; at < stream.size() && !found.lost; at += piece_size) {
    splitter.push(stream.slice(at, std::min(piece_size, stream.size() - at)));
    for (;;) {
      auto payload = splitter.next();
      if (!payload) found.lost = payload.error().code;
      if (!payload || !*payload) break;
      found.payloads.emplace_back((*payload)->text());
    }
  }
  return found;
}

/// What was read says all that was in the bytes.
void check_request(const Buffer& payload) {
  const auto request = parse_request(payload);
  if (!request) return;
  const auto again = encode_request(static_cast<ApiKey>(request->api_key), request->api_version,
                                    request->request_id, {request->body});
  CHECK(joined(again).text().substr(4) == payload.text());
}

void check_response(const Buffer& payload) {
  const auto response = parse_response(payload);
  if (!response || response->is_error) return;
  CHECK(joined(encode_response(response->request_id, {response->body})).text().substr(4) ==
        payload.text());
}

}  // namespace

void decode(const Buffer& input) {
  if (input.empty()) return;
  const Buffer stream = input.slice(1, input.size() - 1);
  const Cut whole = cut(stream, std::max<std::size_t>(1, stream.size()));
  const std::size_t piece_size = 1 + std::to_integer<std::size_t>(input.bytes()[0]) % 32;
  CHECK(cut(stream, piece_size) == whole);
  for (const std::string& payload : whole.payloads) {
    check_request(Buffer::from(payload));
    check_response(Buffer::from(payload));
  }
}

std::vector<Buffer> seeds() {
  const Buffer piece = Buffer::from(std::string("\x03"));
  const Buffer body = Buffer::from(std::string("body"));
  const Buffer request = joined(encode_request(ApiKey::fetch_log, 0, 7, {body}));
  const Buffer response = joined(encode_response(258, {body}));
  const Buffer error =
      joined(encode_error(3, {ErrorCode::table_not_exist, "no table nyc.flights"}));
  return {joined({piece, request, request}), joined({piece, response, error})};
}

}  // namespace millrace::fuzz
