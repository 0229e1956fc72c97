#pragma once
#include <capnp/message.h>
#include <capnp/schema.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// Where an actor lives: its node, and its name there ("coordinator", "replica/7/0").
struct ActorAddress {
  NodeId node;
  std::string actor;
  friend auto operator<=>(const ActorAddress&, const ActorAddress&) = default;
};

[[nodiscard]] inline std::string to_string(const ActorAddress& address) {
  return to_string(address.node) + ":" + address.actor;
}

/// Chosen by whoever asks, copied into the reply. Zero: no reply is expected.
using Correlation = std::uint64_t;

/// Which of a link's connections a message takes. Control traffic (liveness, elections, metadata)
/// never waits behind rows.
enum class Lane : std::uint8_t { control, data };

using Words = std::shared_ptr<const kj::Array<capnp::word>>;

/// The only message between actors: one Cap'n Proto message, and immutable buffers beside it that
/// are shared inside a process and written behind the words on a link. Copying costs two counters.
struct Envelope {
  std::uint64_t schema = 0;  ///< Type id of the message's root struct. Zero is never sent.
  Words words;
  std::vector<Buffer> attachments;
  ActorAddress from;        ///< Set by the sending actor; replies go there.
  ActorAddress to;          ///< Where it is going; a link passes on what is for its peer.
  Incarnation incarnation;  ///< Of the sending node.
  Correlation correlation = 0;
  Lane lane = Lane::control;  ///< Whoever sends rows says so. Not carried over a link.
  Instant sent_at{};  ///< When this node put it into the mailbox: time in mailbox counts from here.

  [[nodiscard]] std::size_t size_words() const { return words ? words->size() : 0; }
  /// Words and attachments together.
  [[nodiscard]] std::size_t size_bytes() const;
};

/// Seals a message: `fill` gets the root's builder.
template <class Root, class Fill>
[[nodiscard]] Envelope seal(Fill&& fill, std::vector<Buffer> attachments = {}) {
  capnp::MallocMessageBuilder message(64);
  std::forward<Fill>(fill)(message.initRoot<Root>());
  Envelope envelope;
  envelope.schema = capnp::typeId<Root>();
  envelope.words = std::make_shared<const kj::Array<capnp::word>>(messageToFlatArray(message));
  envelope.attachments = std::move(attachments);
  return envelope;
}

namespace detail {
[[nodiscard]] Error wrong_schema(std::uint64_t expected, std::uint64_t found);
[[nodiscard]] capnp::ReaderOptions reader_options(std::size_t size_words);
}  // namespace detail

/// Reads a message whose root is `Root`: `read` gets the root's reader and returns a Result. What
/// Cap'n Proto throws on damaged words becomes Errc::malformed.
template <class Root, class Read>
[[nodiscard]] auto open(const Envelope& envelope, Read&& read)
    -> decltype(read(std::declval<typename Root::Reader>())) {
  if (envelope.schema != capnp::typeId<Root>()) {
    return tl::unexpected<Error>(detail::wrong_schema(capnp::typeId<Root>(), envelope.schema));
  }
  if (!envelope.words) return fail(Errc::malformed, "envelope without words");
  try {
    capnp::FlatArrayMessageReader reader(envelope.words->asPtr(),
                                         detail::reader_options(envelope.size_words()));
    return std::forward<Read>(read)(reader.getRoot<Root>());
  } catch (const kj::Exception& damage) {
    return fail(Errc::malformed, std::string("damaged message: ") + damage.getDescription().cStr());
  }
}

template <class Root>
[[nodiscard]] bool holds(const Envelope& envelope) {
  return envelope.schema == capnp::typeId<Root>();
}

}  // namespace millrace
