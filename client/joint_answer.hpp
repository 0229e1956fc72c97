#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "client/bucket_writer.hpp"

namespace millrace::client {

/// One answer out of those of several buckets or partitions: the first error, if there is one.
class JointAnswer {
 public:
  JointAnswer(std::size_t parts, Callback<Appended> done) : open_(parts), done_(std::move(done)) {}

  void add(const Outcome<Appended>& part) {
    if (part) rows_ += part->rows;
    if (!part && !error_) error_ = part.error();
    if (--open_ > 0) return;
    if (error_) return done_(tl::unexpected(*error_));
    done_(Appended{std::nullopt, std::nullopt, rows_});
  }

 private:
  std::size_t open_;
  const Callback<Appended> done_;
  std::int64_t rows_ = 0;
  std::optional<ProtocolError> error_;  // The first one.
};

/// What each of `parts` pieces of rows is answered to, so that `done` is called once.
[[nodiscard]] inline Callback<Appended> joined(std::size_t parts, Callback<Appended> done) {
  if (parts == 1) return done;
  return [joint = std::make_shared<JointAnswer>(parts, std::move(done))](
             const Outcome<Appended>& part) { joint->add(part); };
}

}  // namespace millrace::client
