#include "protocol/frame.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::protocol {
namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t request_header_size = 8;
constexpr std::size_t response_header_size = 5;

enum class ResponseType : std::uint8_t { success = 0, error = 1, server_failure = 2 };

/// Length, then `header`, then the body's pieces.
std::vector<Buffer> framed(const std::vector<std::byte>& header, std::vector<Buffer> body_pieces) {
  std::size_t length = header.size();
  for (const Buffer& piece : body_pieces) length += piece.size();
  CHECK(length <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));

  std::vector<std::byte> head;
  head.reserve(length_size + header.size());
  append_be(head, static_cast<std::int32_t>(length));
  head.insert(head.end(), header.begin(), header.end());

  std::vector<Buffer> frame;
  frame.reserve(1 + body_pieces.size());
  frame.push_back(Buffer::from(std::move(head)));
  std::move(body_pieces.begin(), body_pieces.end(), std::back_inserter(frame));
  return frame;
}

std::vector<Buffer> framed_response(ResponseType type, std::int32_t request_id,
                                    std::vector<Buffer> body_pieces) {
  std::vector<std::byte> header;
  append_be(header, static_cast<std::uint8_t>(type));
  append_be(header, request_id);
  return framed(header, std::move(body_pieces));
}

Error server_failure(const Buffer& payload) {
  auto failure = parse_message<wire::ErrorResponse>(payload.bytes().subspan(1));
  if (!failure) return {Errc::unavailable, "server gave up the connection"};
  return {Errc::unavailable,
          "server gave up the connection: " + wire_text(failure->error_message())};
}

}  // namespace

FrameSplitter::FrameSplitter(std::size_t frame_bytes_max)
    : frame_bytes_max_(std::min(
          frame_bytes_max, static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))) {}

void FrameSplitter::push(Buffer piece) {
  if (piece.empty()) return;
  buffered_ += piece.size();
  pieces_.push_back(std::move(piece));
}

Result<std::optional<Buffer>> FrameSplitter::next() {
  if (lost_) return tl::unexpected<Error>(*lost_);
  while (!pieces_.empty()) {
    if (partial_.empty() && pieces_.front().size() >= length_size) {
      const auto frame_size = frame_size_from(pieces_.front().bytes());
      if (!frame_size) return tl::unexpected<Error>(frame_size.error());
      if (auto frame = take_whole(*frame_size)) return frame;
    }
    if (partial_.size() < length_size) {
      move_to_partial(length_size);
      if (partial_.size() < length_size) continue;
    }
    const auto frame_size = frame_size_from(partial_);
    if (!frame_size) return tl::unexpected<Error>(frame_size.error());
    move_to_partial(*frame_size);
    if (partial_.size() < *frame_size) continue;
    buffered_ -= *frame_size;
    const Buffer frame = Buffer::from(std::exchange(partial_, {}));
    return frame.slice(length_size, frame.size() - length_size);
  }
  return std::nullopt;
}

std::optional<Buffer> FrameSplitter::take_whole(std::size_t frame_size) {
  Buffer& front = pieces_.front();
  if (front.size() < frame_size) return std::nullopt;
  Buffer payload = front.slice(length_size, frame_size - length_size);
  buffered_ -= frame_size;
  if (front.size() == frame_size) {
    pieces_.pop_front();
  } else {
    front = front.slice(frame_size, front.size() - frame_size);
  }
  return payload;
}

/// Grows `partial_` to `target_size`, or as far as the first piece reaches.
void FrameSplitter::move_to_partial(std::size_t target_size) {
  if (pieces_.empty()) return;
  Buffer& front = pieces_.front();
  const std::size_t size = std::min(target_size - partial_.size(), front.size());
  const Bytes bytes = front.bytes().first(size);
  // Not the announced length: it may never come. The vector doubles as bytes arrive.
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  if (size == front.size()) {
    pieces_.pop_front();
  } else {
    front = front.slice(size, front.size() - size);
  }
}

/// Size of the frame that starts with `prefix`, its length field included.
Result<std::size_t> FrameSplitter::frame_size_from(Bytes prefix) {
  const auto length = load_be<std::int32_t>(prefix, 0);
  if (length < 1) {
    lost_ = Error{Errc::malformed, "frame length is not positive: " + std::to_string(length)};
  } else if (static_cast<std::size_t>(length) > frame_bytes_max_) {
    lost_ = Error{Errc::overloaded, "frame is too long: " + std::to_string(length) +
                                        " bytes, at most " + std::to_string(frame_bytes_max_)};
  }
  if (lost_) return tl::unexpected<Error>(*lost_);
  return length_size + static_cast<std::size_t>(length);
}

Result<RequestFrame> parse_request(const Buffer& payload) {
  if (payload.size() < request_header_size)
    return fail(Errc::malformed, "request frame is too short: " + std::to_string(payload.size()));
  RequestFrame frame;
  frame.api_key = load_be<std::int16_t>(payload.bytes(), 0);
  frame.api_version = load_be<std::int16_t>(payload.bytes(), 2);
  frame.request_id = load_be<std::int32_t>(payload.bytes(), 4);
  frame.body = payload.slice(request_header_size, payload.size() - request_header_size);
  return frame;
}

Result<ResponseFrame> parse_response(const Buffer& payload) {
  if (payload.empty()) return fail(Errc::malformed, "response frame is empty");
  const auto type = static_cast<ResponseType>(payload.bytes()[0]);
  if (type == ResponseType::server_failure) return tl::unexpected<Error>(server_failure(payload));
  if (type != ResponseType::success && type != ResponseType::error) {
    return fail(Errc::malformed,
                "unknown response type: " + std::to_string(static_cast<int>(payload.bytes()[0])));
  }
  if (payload.size() < response_header_size)
    return fail(Errc::malformed, "response frame is too short: " + std::to_string(payload.size()));
  ResponseFrame frame;
  frame.is_error = type == ResponseType::error;
  frame.request_id = load_be<std::int32_t>(payload.bytes(), 1);
  frame.body = payload.slice(response_header_size, payload.size() - response_header_size);
  return frame;
}

std::vector<Buffer> encode_request(ApiKey key, std::int16_t version, std::int32_t request_id,
                                   std::vector<Buffer> body_pieces) {
  std::vector<std::byte> header;
  append_be(header, static_cast<std::int16_t>(key));
  append_be(header, version);
  append_be(header, request_id);
  return framed(header, std::move(body_pieces));
}

std::vector<Buffer> encode_response(std::int32_t request_id, std::vector<Buffer> body_pieces) {
  return framed_response(ResponseType::success, request_id, std::move(body_pieces));
}

std::vector<Buffer> encode_error(std::int32_t request_id, const ProtocolError& error) {
  wire::ErrorResponse response;
  response.set_error_code(static_cast<std::int32_t>(error.code));
  if (!error.message.empty()) response.set_error_message(wire_text(error.message));
  return framed_response(ResponseType::error, request_id, {serialize(response)});
}

}  // namespace millrace::protocol
