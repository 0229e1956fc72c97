#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "actors/gateway/call.hpp"

namespace millrace::gateway {

/// A call that asks something of every bucket it names and answers when all have: one number or
/// error per entry of the request, in the request's order. Only so many questions are on their way
/// at a time; a bucket that has not answered within 10 s gets an error, the others their numbers.
class PerBucketCall : public Call {
 public:
  explicit PerBucketCall(int entries);

  CallEffects begin(const CallContext& context) final;
  CallEffects on_replica(const CallContext& context, std::uint32_t slot,
                         const ReplicaAnswer& answer) final;
  CallEffects on_deadline(const CallContext& context) final;

  /// An error for a request of more entries than one answer can have.
  [[nodiscard]] static std::optional<protocol::ProtocolError> why_too_many(int entries);

 protected:
  using Question = std::variant<AskReplica, protocol::ProtocolError>;
  using EntryAnswer = std::variant<std::int64_t, protocol::ProtocolError>;

  /// An error that every entry gets.
  [[nodiscard]] virtual std::optional<protocol::ProtocolError> why_refused(
      const CallContext& context) const;
  /// What to ask of an entry's bucket, or why there is nobody to ask. The slot is filled in here.
  [[nodiscard]] virtual Question question(const CallContext& context, int entry) const = 0;
  /// The number in a replica's answer; nothing if it is an answer to something else.
  [[nodiscard]] virtual std::optional<std::int64_t> number_in(
      const ReplicaAnswer& answer) const = 0;
  [[nodiscard]] virtual CallEffect respond(const std::vector<EntryAnswer>& answers) const = 0;

  /// Writes the error, if that is what an entry has, into its part of the response; else the
  /// number is returned.
  template <class Entry>
  [[nodiscard]] static std::optional<std::int64_t> number_or_error(const EntryAnswer& answer,
                                                                   Entry& entry);

 private:
  void ask_more(CallEffects& effects);
  [[nodiscard]] CallEffects finish() const;

  std::vector<std::optional<EntryAnswer>> answers_;
  std::deque<AskReplica> unasked_;
  std::size_t asked_ = 0;  // On their way.
};

template <class Entry>
std::optional<std::int64_t> PerBucketCall::number_or_error(const EntryAnswer& answer,
                                                           Entry& entry) {
  if (const auto* number = std::get_if<std::int64_t>(&answer)) return *number;
  const auto& error = std::get<protocol::ProtocolError>(answer);
  entry.set_error_code(static_cast<std::int32_t>(error.code));
  entry.set_error_message(protocol::wire_text(error.message));
  return std::nullopt;
}

}  // namespace millrace::gateway
