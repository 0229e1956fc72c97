#include "protocol/frame.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/endian.hpp"
#include "base/random.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

Buffer frame_of(std::string_view payload) {
  std::vector<std::byte> bytes;
  append_be(bytes, static_cast<std::int32_t>(payload.size()));
  const Bytes body = bytes_of(payload);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return Buffer::from(std::move(bytes));
}

/// What the splitter gives until it wants more.
std::vector<std::string> drain(FrameSplitter& splitter) {
  std::vector<std::string> payloads;
  for (;;) {
    const auto payload = splitter.next();
    EXPECT_TRUE(payload.has_value());
    if (!payload || !*payload) return payloads;
    payloads.emplace_back((*payload)->text());
  }
}

TEST(FrameSplitter, GivesASliceOfThePushedBufferWhenTheFrameLiesInIt) {
  const Buffer two = joined({frame_of("first"), frame_of("second")});
  FrameSplitter splitter(100);
  splitter.push(two);
  const auto first = splitter.next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->data(), two.data() + 4);
  EXPECT_EQ((*first)->text(), "first");
  const auto second = splitter.next();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->data(), two.data() + 13);
  EXPECT_EQ(splitter.buffered(), 0U);
}

TEST(FrameSplitter, GivesTheSameFramesHoweverTheStreamIsCut) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Buffer> frames;
    std::vector<std::string> expected;
    for (int i = 0; i < 8; ++i) {
      expected.push_back(std::string(1 + random.below(40), static_cast<char>('a' + i)));
      frames.push_back(frame_of(expected.back()));
    }
    const Buffer stream = joined(frames);
    FrameSplitter splitter(64);
    std::vector<std::string> payloads;
    std::size_t position = 0;
    while (position < stream.size()) {
      const std::size_t size =
          std::min<std::size_t>(1 + random.below(seed % 2 == 0 ? 3 : 70), stream.size() - position);
      splitter.push(stream.slice(position, size));
      position += size;
      if (random.chance(1, 3)) continue;  // Several pieces may wait before anybody asks.
      for (auto& payload : drain(splitter)) payloads.push_back(std::move(payload));
    }
    for (auto& payload : drain(splitter)) payloads.push_back(std::move(payload));
    EXPECT_EQ(payloads, expected);
    EXPECT_EQ(splitter.buffered(), 0U);
  }
}

TEST(FrameSplitter, LosesTheStreamOverALengthItCannotAccept) {
  const auto error_for = [](std::int32_t length) {
    std::vector<std::byte> bytes;
    append_be(bytes, length);
    FrameSplitter splitter(1000);
    splitter.push(Buffer::from(std::move(bytes)));
    const auto first = splitter.next();
    splitter.push(frame_of("never seen"));
    const auto second = splitter.next();
    EXPECT_FALSE(first.has_value());
    EXPECT_FALSE(second.has_value());
    return first ? std::optional<Errc>() : std::optional<Errc>(first.error().code);
  };
  EXPECT_EQ(error_for(-1), Errc::malformed);
  EXPECT_EQ(error_for(0), Errc::malformed);
  EXPECT_EQ(error_for(1001), Errc::overloaded);
  EXPECT_EQ(error_for(0x7fffffff), Errc::overloaded);
}

TEST(FrameSplitter, WaitsForTheRestOfALongFrame) {
  FrameSplitter splitter(request_frame_bytes_max);
  std::vector<std::byte> bytes;
  append_be(bytes, static_cast<std::int32_t>(request_frame_bytes_max));
  for (const std::byte byte : bytes) {
    splitter.push(Buffer::copy_of(Bytes(&byte, 1)));
    const auto next = splitter.next();
    ASSERT_TRUE(next.has_value());
    EXPECT_FALSE(next->has_value());
  }
  EXPECT_EQ(splitter.buffered(), 4U);
}

// Source: Fluss framing: length, api key, api version, request id, body; big-endian.
TEST(Frame, RequestBytesAreThoseOfTheProtocol) {
  wire::ApiVersionsRequest request;
  request.set_client_software_name("fluss");
  request.set_client_software_version("0.1.0");
  const Buffer frame = joined(encode_request(ApiKey::api_versions, 0, 7, {serialize(request)}));
  EXPECT_EQ(hex(frame),
            "00000016"
            "03e8"
            "0000"
            "00000007"
            "0a05666c757373"
            "1205302e312e30");
  const auto parsed = parse_request(frame.slice(4, frame.size() - 4));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->api_key, 1000);
  EXPECT_EQ(parsed->api_version, 0);
  EXPECT_EQ(parsed->request_id, 7);
  const auto body = parse_message<wire::ApiVersionsRequest>(parsed->body.bytes());
  ASSERT_TRUE(body);
  EXPECT_EQ(body->client_software_name(), "fluss");
}

TEST(Frame, AnEmptySuccessHasALengthOfFive) {
  const Buffer frame = joined(encode_response(258, {}));
  EXPECT_EQ(hex(frame),
            "00000005"
            "00"
            "00000102");
  const auto parsed = parse_response(frame.slice(4, 5));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->request_id, 258);
  EXPECT_FALSE(parsed->is_error);
  EXPECT_TRUE(parsed->body.empty());
}

TEST(Frame, AnErrorCarriesItsCodeAndText) {
  const Buffer frame =
      joined(encode_error(3, {ErrorCode::table_not_exist, "no table nyc.flights"}));
  const auto parsed = parse_response(frame.slice(4, frame.size() - 4));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->is_error);
  const auto error = parse_message<wire::ErrorResponse>(parsed->body.bytes());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_code(), 7);
  EXPECT_EQ(error->error_message(), "no table nyc.flights");
  EXPECT_EQ(hex(joined(encode_error(3, {ErrorCode::unknown_server_error, ""}))),
            "00000010"
            "01"
            "00000003"
            "08ffffffffffffffffff01");
}

TEST(Frame, AServerFailureIsUnavailableAndOtherTypesAreMalformed) {
  const Buffer failure = Buffer::from(std::string("\x02\x08\x0a", 3));
  EXPECT_EQ(parse_response(failure).error().code, Errc::unavailable);
  EXPECT_EQ(parse_response(Buffer::from(std::string("\x02\xff", 2))).error().code,
            Errc::unavailable);
  EXPECT_EQ(parse_response(Buffer::from(std::string("\x03\0\0\0\0", 5))).error().code,
            Errc::malformed);
  EXPECT_EQ(parse_response(Buffer::from(std::string("\0\0\0\0", 4))).error().code, Errc::malformed);
  EXPECT_EQ(parse_response(Buffer()).error().code, Errc::malformed);
  EXPECT_EQ(parse_request(Buffer::from(std::string(7, '\0'))).error().code, Errc::malformed);
}

TEST(Frame, BodiesAreNotCopied) {
  const Buffer body = Buffer::from(std::string("body"));
  EXPECT_EQ(encode_request(ApiKey::fetch_log, 0, 1, {body}).at(1).data(), body.data());
  EXPECT_EQ(encode_response(1, {body}).at(1).data(), body.data());
}

TEST(Frame, MutatedStreamsEndInFramesOrErrors) {
  wire::ApiVersionsRequest request;
  request.set_client_software_name("fluss");
  request.set_client_software_version("0.1.0");
  const Buffer stream =
      joined({joined(encode_request(ApiKey::api_versions, 0, 1, {serialize(request)})),
              joined(encode_error(2, {ErrorCode::corrupt_message, "damaged"})),
              joined(encode_request(ApiKey::get_metadata, 0, 3, {}))});
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Buffer mutated = mutate(stream, random);
    FrameSplitter splitter(1 << 16);
    const std::size_t cut = random.below(mutated.size() + 1);
    splitter.push(mutated.slice(0, cut));
    splitter.push(mutated.slice(cut, mutated.size() - cut));
    std::size_t given = 0;
    for (;;) {
      const auto payload = splitter.next();
      if (!payload || !*payload) break;
      given += 4 + (*payload)->size();
      (void)parse_response(**payload);
      const auto frame = parse_request(**payload);
      if (frame) (void)parse_message<wire::ApiVersionsRequest>(frame->body.bytes());
    }
    EXPECT_EQ(given + splitter.buffered(), mutated.size());
  }
}

}  // namespace
}  // namespace millrace::protocol
