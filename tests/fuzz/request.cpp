#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/actors/gateway/sound_requests.hpp"

// A request of any API as a gateway takes it: admission, body, call. The other side is played at
// random; whatever comes, the call answers exactly once (CallScript checks that).

namespace millrace::fuzz {

void decode(const Buffer& input) {
  using namespace gateway;
  InputReader reader(input);
  const auto apis = served_apis();
  const std::size_t choice = reader.byte();
  // Beyond the served ones: a key that nobody serves.
  const auto key = choice < apis.size() ? apis[choice].key : static_cast<ApiKey>(choice);
  const std::uint8_t seed = reader.byte();
  static const ClusterView view = [] {
    ClusterView made = cluster();
    made.catalog.apply(AclsCreated{{some_acl()}});
    return made;
  }();
  Random random(seed);
  // One in two is asked for by somebody who may not do everything.
  CallScript call(view, frame(key, reader.rest()), seed % 2 == 0 ? Caller{} : bob());
  play(call, random);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  const auto apis = gateway::served_apis();
  for (std::size_t i = 0; i < apis.size(); ++i) {
    for (const std::size_t seed : {2U, 3U})
      made.push_back(
          InputWriter().byte(i).byte(seed).rest(gateway::sound_body(apis[i].key).text()).done());
  }
  return made;
}

}  // namespace millrace::fuzz
