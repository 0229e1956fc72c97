#include "apps/cli/session.hpp"

#include <charconv>
#include <random>
#include <utility>

namespace millrace::cli {

namespace {

/// Leaves the client's own, more telling time-outs room to come first.
Duration most_of(Duration whole) { return whole - whole / 10; }

client::ClientOptions options_for(const Access& access) {
  client::ClientOptions options;
  options.bootstrap = access.bootstrap;
  options.request_time_max = most_of(access.time_max);
  options.metadata_time_max = std::min(options.metadata_time_max, most_of(access.time_max));
  options.connection.login = access.login;
  options.seed = std::random_device()();
  return options;
}

}  // namespace

Result<std::vector<Endpoint>> parse_endpoints(std::string_view text) {
  std::vector<Endpoint> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t colon = one.rfind(':');
    std::uint16_t port = 0;
    const char* const end = one.data() + one.size();
    if (colon == std::string_view::npos || colon == 0 ||
        std::from_chars(one.data() + colon + 1, end, port).ptr != end || port == 0)
      return fail(Errc::malformed, "not an address HOST:PORT: " + std::string(one));
    std::string_view host = one.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    out.push_back({std::string(host), port});
  }
  if (out.empty()) return fail(Errc::malformed, "an address HOST:PORT is missing");
  return out;
}

Session::Session(const Access& access)
    : access_(access),
      transport_(loop_, {.connect_time_max = most_of(access.time_max)}),
      client_(transport_, loop_, options_for(access)),
      blocking_([this](const std::function<bool()>& done,
                       Duration limit) { return loop_.run_until(done, limit); },
                access.time_max) {}

std::unique_ptr<client::Client> Session::another_client() {
  return std::make_unique<client::Client>(transport_, loop_, options_for(access_));
}

}  // namespace millrace::cli
