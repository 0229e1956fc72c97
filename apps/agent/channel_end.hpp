#pragma once
#include <deque>
#include <vector>

#include "apps/agent/agent_channel.hpp"

namespace millrace {

/// One end of a channel for a process that also waits for other things: it never blocks.
/// What the other end does not take yet waits here, within a bound: at most one cluster map, since
/// a newer one replaces it, and a fixed number of other messages.
class ChannelEnd {
 public:
  ChannelEnd() = default;
  explicit ChannelEnd(FileDescriptor descriptor);

  [[nodiscard]] bool is_open() const { return descriptor_.is_open(); }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// What to poll the descriptor for.
  [[nodiscard]] short wanted_events() const;

  /// Queues a message and writes what the kernel takes. Errors: overloaded when too much waits,
  /// unavailable when the other end is gone; the channel is closed then.
  [[nodiscard]] Status send(const AgentMessage& message);

  /// Writes what waits. Call it when the descriptor is writable.
  [[nodiscard]] Status flush();

  /// The messages that have come. When the other end has closed, failed or sent what cannot be
  /// read, the channel is closed after the messages before that.
  [[nodiscard]] std::vector<AgentMessage> receive();

 private:
  struct Waiting {
    std::vector<std::byte> frame;
    bool is_map;
  };

  FileDescriptor descriptor_;
  AgentDecoder decoder_;
  std::deque<Waiting> waiting_;
  std::size_t sent_of_first_ = 0;  ///< A frame that has begun must be finished.
};

}  // namespace millrace
