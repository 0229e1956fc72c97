#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "base/buffer.hpp"
#include "runtime/byte_budget.hpp"

// A slow disk shows as appends that wait at its device. They are answered when their time is up,
// and connections end, but the rows wait on: so what counts is not the request but its bytes, and
// they count until the last who holds them lets go. And slow disks, all of them together, must not
// take the whole node's budget: nobody would be read from any more, also who wants no disk at all.
// So a quarter of it is left to other uses, among them the requests that wait for their share; and
// who would wait when that is half spent is sent away.

namespace millrace {

/// Equal parts of a budget, three quarters of it together, for uses that may not take everything.
/// Thread-safe, as are the buffers that it returns; those may outlive it.
class ByteShares {
 public:
  ByteShares(std::shared_ptr<ByteBudget> whole, std::size_t count);

  [[nodiscard]] std::size_t count() const { return shares_.size(); }
  [[nodiscard]] ByteBudget& at(std::size_t share) { return *shares_.at(share); }
  [[nodiscard]] const ByteBudget& at(std::size_t share) const { return *shares_.at(share); }

  /// Whether seven eighths of the whole are spent, or will be once every share is: who has to wait
  /// for a share should wait elsewhere, because what he holds is missed by all others.
  [[nodiscard]] bool is_nearly_spent() const;

  /// The same bytes, which count for the share and for the whole until nobody holds them.
  [[nodiscard]] Buffer hold(std::size_t share, Buffer bytes) const;

 private:
  const std::shared_ptr<ByteBudget> whole_;
  std::vector<std::shared_ptr<ByteBudget>> shares_;
};

}  // namespace millrace
