#include "actors/gateway/per_bucket_call.hpp"

#include <fmt/format.h>

#include <utility>

namespace millrace::gateway {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr Duration answer_wait_max = 10s;
constexpr int entries_max = 100'000;
constexpr std::size_t asked_max = 256;  // Of one call; a replica's mailbox serves others as well.

}  // namespace

PerBucketCall::PerBucketCall(int entries) : answers_(static_cast<std::size_t>(entries)) {}

std::optional<ProtocolError> PerBucketCall::why_too_many(int entries) {
  if (entries <= entries_max) return std::nullopt;
  return ProtocolError{ErrorCode::corrupt_message, fmt::format("too many buckets: {}", entries)};
}

std::optional<ProtocolError> PerBucketCall::why_refused(const CallContext& /*context*/) const {
  return std::nullopt;
}

CallEffects PerBucketCall::begin(const CallContext& context) {
  const auto refused = why_refused(context);
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    Question asked = refused ? Question{*refused} : question(context, static_cast<int>(i));
    if (auto* error = std::get_if<ProtocolError>(&asked)) {
      answers_[i] = std::move(*error);
    } else {
      unasked_.push_back(std::move(std::get<AskReplica>(asked)));
      unasked_.back().slot = static_cast<std::uint32_t>(i);
    }
  }
  if (unasked_.empty()) return finish();
  CallEffects effects;
  ask_more(effects);
  effects.push_back(SetDeadline{answer_wait_max});
  return effects;
}

void PerBucketCall::ask_more(CallEffects& effects) {
  for (; asked_ < asked_max && !unasked_.empty(); ++asked_) {
    effects.push_back(std::move(unasked_.front()));
    unasked_.pop_front();
  }
}

CallEffects PerBucketCall::on_replica(const CallContext& /*context*/, std::uint32_t slot,
                                      const ReplicaAnswer& answer) {
  if (slot >= answers_.size() || answers_[slot]) return {};
  if (const auto* error = std::get_if<ProtocolError>(&answer)) {
    answers_[slot] = *error;
  } else if (const auto number = number_in(answer)) {
    answers_[slot] = *number;
  } else {
    return {};
  }
  --asked_;
  if (asked_ == 0 && unasked_.empty()) return finish();
  CallEffects effects;
  ask_more(effects);
  return effects;
}

CallEffects PerBucketCall::on_deadline(const CallContext& /*context*/) {
  for (auto& answer : answers_) {
    if (answer) continue;
    answer =
        ProtocolError{ErrorCode::not_leader_or_follower, "The replica did not answer in time."};
  }
  return finish();
}

CallEffects PerBucketCall::finish() const {
  std::vector<EntryAnswer> answers;
  answers.reserve(answers_.size());
  for (const auto& answer : answers_) answers.push_back(*answer);
  return {respond(answers)};
}

}  // namespace millrace::gateway
