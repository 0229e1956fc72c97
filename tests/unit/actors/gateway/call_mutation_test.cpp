// Whatever bytes a client sends under whatever API, it gets exactly one answer.
#include "tests/unit/actors/gateway/sound_requests.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::gateway {
namespace {

TEST(CallProperty, MutatedRequestsOfEveryApiAreAnsweredOnce) {
  for (const protocol::Api& api : served_apis()) {
    SCOPED_TRACE(std::string(api.name));
    const Buffer sound = sound_body(api.key);
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      SCOPED_TRACE(seed);
      Random random(seed);
      const Buffer body = seed == 0 ? sound : protocol::mutate(sound, random);
      ClusterView view = cluster();
      view.catalog.apply(AclsCreated{{some_acl()}});
      // One in two is asked for by somebody who may not do everything.
      CallScript call(std::move(view), frame(api.key, body), seed % 2 == 0 ? Caller{} : bob());
      if (seed == 0) {
        EXPECT_NE(call.error(), ErrorCode::corrupt_message);
      }
      play(call, random);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(CallProperty, WhatCannotBeParsedIsAnError) {
  for (const protocol::Api& api : served_apis()) {
    const CallScript call(cluster(), frame(api.key, Buffer::from("\x0a\xff\xff\xff\xff\x7f")));
    EXPECT_EQ(call.error(), ErrorCode::corrupt_message) << api.name;
  }
}

}  // namespace
}  // namespace millrace::gateway
