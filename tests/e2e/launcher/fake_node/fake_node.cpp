// A node that does nothing but what its host agent and launcher can see: it binds its listeners,
// says that it is ready, keeps the cluster map, drains on SIGTERM, and lives on when its agent is
// gone.
//
// Whoever connects to the client listener and sends the number of a map's revision gets one line as
// soon as the node has that revision or a later one: `3 0:1:up 1:2:down`, with id, incarnation and
// state of each member.
//
// Its console answers every request with one page about memory.
//
// FAKE_NODE in the environment makes it misbehave: `fails`, `silent` (never ready) or `stubborn`
// (does not drain).
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "apps/agent/channel_end.hpp"
#include "apps/agent/preferred_ports.hpp"
#include "apps/agent/signal_source.hpp"
#include "apps/config/config_command.hpp"
#include "apps/config/output.hpp"

namespace millrace {
namespace {

struct Waiting {
  FileDescriptor socket;
  std::uint64_t revision;
};

FileDescriptor bound_to(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.get(), generic, sizeof(address)) != 0) return FileDescriptor();
  if (::listen(socket.get(), 16) != 0) return FileDescriptor();
  return socket;
}

// The preferred port, or any.
FileDescriptor listener_on(std::uint16_t port) {
  FileDescriptor socket = bound_to(port);
  return socket.is_open() ? std::move(socket) : bound_to(0);
}

std::string address_of(const FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  (void)::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

class FakeNode {
 public:
  FakeNode(const Configuration& configuration, std::string mode, ChannelEnd agent,
           SignalSource signals)
      : mode_(std::move(mode)), agent_(std::move(agent)), signals_(std::move(signals)) {
    const PreferredPorts ports = preferred_ports_of_process();
    client_ = listener_on(ports.client);
    link_ = listener_on(ports.link);
    http_ = listener_on(ports.http);
    const auto incarnation = configuration.get(key::node_incarnation);
    member_ = {*configuration.node_id(),
               configuration.get(key::host_name),
               Incarnation(static_cast<std::uint64_t>(incarnation)),
               "FLUSS://" + address_of(client_),
               address_of(link_),
               address_of(http_),
               true};
  }

  int run() {
    if (mode_ == "fails") {
      fmt::print("this fake node was told to fail\n");
      return 7;
    }
    if (mode_ != "silent" && agent_.is_open()) (void)agent_.send(NodeReady{member_});
    while (!has_drained_) wait_for_events();
    return 0;
  }

 private:
  void wait_for_events() {
    std::vector<pollfd> sources = {{signals_.descriptor(), POLLIN, 0},
                                   {agent_.descriptor(), POLLIN, 0},
                                   {client_.get(), POLLIN, 0},
                                   {http_.get(), POLLIN, 0}};
    (void)::poll(sources.data(), sources.size(), -1);
    if (sources[0].revents != 0) {
      (void)signals_.take();
      has_drained_ = mode_ != "stubborn";
    }
    if (sources[1].revents != 0) {
      for (const AgentMessage& message : agent_.receive()) {
        if (const auto* map = std::get_if<ClusterMap>(&message)) map_ = *map;
      }
    }
    if (sources[2].revents != 0) accept_one();
    if (sources[3].revents != 0) answer_http();
    std::erase_if(waiting_, [this](const Waiting& each) { return answer(each); });
  }

  void accept_one() {
    FileDescriptor socket(::accept4(client_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char text[32];
    const ssize_t size = ::read(socket.get(), text, sizeof(text));
    Waiting waiting{std::move(socket), 0};
    if (size > 0) (void)std::from_chars(text, text + size, waiting.revision);
    waiting_.push_back(std::move(waiting));
  }

  void answer_http() const {
    const FileDescriptor socket(::accept4(http_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char request[4096];
    if (::read(socket.get(), request, sizeof(request)) <= 0) return;
    constexpr std::string_view page =
        "HTTP/1.1 200 OK\r\n\r\n"
        R"({"resident_bytes":1000000,"budgets":[{"name":"requests","unit":"bytes","limit":9,)"
        R"("holders":1,"used":3,"fullest":3}]})";
    (void)::send(socket.get(), page.data(), page.size(), MSG_NOSIGNAL);
  }

  bool answer(const Waiting& waiting) const {
    if (map_.revision.value() < waiting.revision) return false;
    std::string line = to_string(map_.revision);
    for (const Member& member : map_.members) {
      line += fmt::format(" {}:{}:{}", to_string(member.node), to_string(member.incarnation),
                          member.alive ? "up" : "down");
    }
    line += '\n';
    (void)::send(waiting.socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
    return true;
  }

  std::string mode_;
  ChannelEnd agent_;
  SignalSource signals_;
  FileDescriptor client_;
  FileDescriptor link_;
  FileDescriptor http_;
  Member member_;
  ClusterMap map_;
  std::vector<Waiting> waiting_;
  bool has_drained_ = false;
};

int run(const std::vector<std::string>& arguments) {
  const auto line = CommandLine::parse(arguments, configuration_options());
  auto signals = SignalSource::open({SIGTERM});
  auto agent = take_inherited_channel(agent_channel_variable);
  if (!line || !signals || !agent) return 2;
  const auto outcome = configuration_of(*line);
  if (!outcome || !outcome->usable() || !outcome->configuration.node_id()) return 2;
  const char* mode = std::getenv("FAKE_NODE");
  FakeNode node(outcome->configuration, mode == nullptr ? "" : mode, ChannelEnd(*std::move(agent)),
                *std::move(signals));
  return node.run();
}

}  // namespace
}  // namespace millrace

int main(int count, char** arguments) {
  return millrace::run(std::vector<std::string>(arguments + 1, arguments + count));
}
