#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "base/buffer.hpp"
#include "runtime/byte_budget.hpp"

// A slow disk shows as appends that wait at its device. They are answered when their time is up,
// and connections end, but the rows wait on: so what counts is not the request but its bytes, and
// they count until the last who holds them lets go. And one slow disk of two must not take the
// whole node's budget: nobody would be read from any more, also who wants the other one.

namespace millrace {

/// Parts of a budget, for uses of which none may take everything: half of it each. Thread-safe, as
/// are the buffers that it returns; those may outlive it.
class ByteShares {
 public:
  ByteShares(std::shared_ptr<ByteBudget> whole, std::size_t count);

  [[nodiscard]] std::size_t count() const { return shares_.size(); }
  [[nodiscard]] ByteBudget& at(std::size_t share) { return *shares_.at(share); }
  [[nodiscard]] const ByteBudget& at(std::size_t share) const { return *shares_.at(share); }

  /// The same bytes, which count for the share and for the whole until nobody holds them.
  [[nodiscard]] Buffer hold(std::size_t share, Buffer bytes) const;

 private:
  const std::shared_ptr<ByteBudget> whole_;
  std::vector<std::shared_ptr<ByteBudget>> shares_;
};

}  // namespace millrace
