#include "actors/replica/replica_codec.hpp"

#include <gtest/gtest.h>

#include "schemas/device.capnp.h"
#include "schemas/replica.capnp.h"

namespace millrace::replica {
namespace {

using Request = schemas::ReplicaRequest;
constexpr BucketId bucket{TableId{7}, BucketIndex{2}};

template <class E>
E decoded(const Envelope& envelope) {
  auto asked = decode_request(envelope, 5, 1000);
  EXPECT_TRUE(asked.has_value() && std::holds_alternative<E>(asked->event));
  return asked ? std::get<E>(asked->event) : E{};
}

TEST(ReplicaCodec, RequestsBecomeEvents) {
  const auto append = decoded<AppendAsked>(seal<Request>(
      [](auto request) { request.setAppend(); }, {Buffer::from("one"), Buffer::from("two")}));
  EXPECT_EQ(append.ticket, 5U);
  EXPECT_EQ(append.wall_clock, 1000);
  ASSERT_EQ(append.batches.size(), 2U);
  EXPECT_EQ(append.batches[1].text(), "two");
  const auto read = decoded<ReadAsked>(seal<Request>([](auto request) {
    auto in = request.initRead();
    in.setFrom(-2);
    in.setBytesMax(99);
  }));
  EXPECT_EQ(read.from, earliest_offset);
  EXPECT_EQ(read.bytes_max, 99U);
  (void)decoded<EarliestAsked>(
      seal<Request>([](auto request) { request.initOffset().setEarliest(); }));
  (void)decoded<LatestAsked>(seal<Request>([](auto request) { request.initOffset().setLatest(); }));
  const auto timestamp = decoded<TimestampAsked>(
      seal<Request>([](auto request) { request.initOffset().setTimestampMillis(77); }));
  EXPECT_EQ(timestamp.timestamp, 77);
  EXPECT_EQ(timestamp.wall_clock, 1000);
}

TEST(ReplicaCodec, AwaitsAreBounded) {
  const auto wait = [](std::int64_t millis) {
    const auto asked = decode_request(
        seal<Request>([&](auto request) { request.initAwait().setWaitMaxMillis(millis); }), 1, 0);
    return asked.value().wait_max;
  };
  EXPECT_EQ(wait(250), 250ms);
  EXPECT_EQ(wait(-1), 0ms);
  EXPECT_EQ(wait(std::numeric_limits<std::int64_t>::max()), 60s);
}

TEST(ReplicaCodec, WhatIsNoRequestIsMalformed) {
  EXPECT_FALSE(decode_request(seal<Request>([](auto) {}), 1, 0).has_value());
  EXPECT_FALSE(
      decode_request(seal<Request>([](auto request) { request.initOffset(); }), 1, 0).has_value());
  EXPECT_FALSE(decode_request(encode_advanced(1), 1, 0).has_value());
  EXPECT_FALSE(decode_request(Envelope{}, 1, 0).has_value());
}

TEST(ReplicaCodec, DeviceAnswersComeBackAsTheyWere) {
  using Reply = schemas::DeviceReply;
  const Envelope opened = seal<Reply>([](Reply::Builder reply) {
    auto out = reply.initOpened();
    out.setStart(1);
    out.setEnd(9);
    out.setMaxTimestampMillis(44);
    auto head = out.initRecent(1)[0];
    head.setBase(3);
    head.setLast(5);
    head.setTimestampMillis(40);
    head.setWriterId(8);
    head.setSequence(2);
  });
  EXPECT_TRUE(is_device_answer(opened));
  EXPECT_FALSE(is_device_answer(encode_open(bucket)));
  const auto answer = std::get<Opened>(decode_device(opened).value());
  EXPECT_EQ(answer.start, 1);
  EXPECT_EQ(answer.end, 9);
  EXPECT_EQ(answer.max_timestamp, 44);
  ASSERT_EQ(answer.recent.size(), 1U);
  EXPECT_EQ(answer.recent[0], (BatchSummary{3, 5, 40, WriterId{8}, 2}));
  const auto failed =
      std::get<DeviceFailed>(decode_device(seal<Reply>([](Reply::Builder reply) {
                               auto out = reply.initFailed();
                               out.setErrc(static_cast<std::uint16_t>(Errc::overloaded));
                               out.setMessage("full");
                               out.setEnd(12);
                             })).value());
  EXPECT_EQ(failed.error, (Error{Errc::overloaded, "full"}));
  EXPECT_EQ(failed.end, 12);
  EXPECT_FALSE(decode_device(seal<Reply>([](Reply::Builder reply) { reply.setData(); })));
  EXPECT_FALSE(decode_device(seal<Reply>([](Reply::Builder reply) { reply.setRemoved(); })));
}

}  // namespace
}  // namespace millrace::replica
