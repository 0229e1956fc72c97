#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/actor.hpp"
#include "schemas/envelope.capnp.h"
#include "schemas/link.capnp.h"

namespace millrace {

/// A message of these tests: a text. Any root struct would do; this one is at hand.
inline Envelope text_message(const std::string& text, std::vector<Buffer> attachments = {}) {
  return seal<schemas::EnvelopeHeader>(
      [&](schemas::EnvelopeHeader::Builder message) { message.setToActor(text); },
      std::move(attachments));
}

[[nodiscard]] inline Result<std::string> text_in(const Envelope& envelope) {
  return open<schemas::EnvelopeHeader>(
      envelope, [](schemas::EnvelopeHeader::Reader message) -> Result<std::string> {
        return message.getToActor().cStr();
      });
}

/// What a test's actors write down. Thread-safe, so that live tests can wait for a line.
class Notebook {
 public:
  void write(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t count() const { return lines().size(); }
  [[nodiscard]] bool has(const std::string& line) const {
    const std::lock_guard lock(mutex_);
    return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
  }
  /// All lines, comma-separated, and empties the book.
  std::string take() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : std::exchange(lines_, {}))
      all += (all.empty() ? "" : ", ") + line;
    return all;
  }
  /// Waits in real time; false if it took longer than any healthy machine needs.
  template <class Done>
  bool wait(Done&& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return done(std::as_const(lines_)); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// Writes down what it receives: texts with the sizes of their attachments, and peers that come
/// ("up node/incarnation") and go.
class Recorder final : public Actor {
 public:
  Recorder(caf::actor_config& config, ActorSetup setup, Notebook& notebook)
      : Actor(config, std::move(setup)), notebook_(notebook) {}

 protected:
  void on_envelope(const Envelope& envelope) override {
    if (holds<schemas::PeerStatus>(envelope)) return take_status(envelope);
    const auto text = text_in(envelope);
    if (!text) return drop(text.error());
    std::string line = *text;
    for (const Buffer& attachment : envelope.attachments) {
      line += "+" + std::to_string(attachment.size());
    }
    notebook_.write(line);
  }

 private:
  void take_status(const Envelope& envelope) {
    const auto line = open<schemas::PeerStatus>(
        envelope, [](schemas::PeerStatus::Reader status) -> Result<std::string> {
          return std::string(status.getConnected() ? "up " : "down ") +
                 std::to_string(status.getNodeId()) + "/" + std::to_string(status.getIncarnation());
        });
    if (line) notebook_.write(*line);
  }

  Notebook& notebook_;
};

}  // namespace millrace
