#include "runtime/byte_shares.hpp"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

/// Bytes that are counted as long as they are there.
class CountedBytes {
 public:
  CountedBytes(std::shared_ptr<ByteBudget> whole, std::shared_ptr<ByteBudget> share, Buffer bytes)
      : whole_(std::move(whole)), share_(std::move(share)), bytes_(std::move(bytes)) {
    whole_->take(bytes_.size());
    share_->take(bytes_.size());
  }
  ~CountedBytes() {
    whole_->give_back(bytes_.size());
    share_->give_back(bytes_.size());
  }
  CountedBytes(const CountedBytes&) = delete;
  CountedBytes& operator=(const CountedBytes&) = delete;

  [[nodiscard]] Bytes bytes() const { return bytes_.bytes(); }

 private:
  const std::shared_ptr<ByteBudget> whole_;
  const std::shared_ptr<ByteBudget> share_;
  const Buffer bytes_;
};

}  // namespace

ByteShares::ByteShares(std::shared_ptr<ByteBudget> whole, std::size_t count)
    : whole_(std::move(whole)) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t together = whole_->bytes_max() / 4 * 3;
    shares_.push_back(std::make_shared<ByteBudget>(std::max<std::size_t>(together / count, 1)));
  }
}

bool ByteShares::is_nearly_spent() const {
  // What is left of the shares is spoken for: a disk that becomes slow later takes it, too.
  std::size_t spoken_for = whole_->held();
  for (const auto& share : shares_) {
    spoken_for += share->bytes_max() - std::min(share->bytes_max(), share->held());
  }
  return spoken_for >= whole_->bytes_max() - whole_->bytes_max() / 8;
}

Buffer ByteShares::hold(std::size_t share, Buffer bytes) const {
  auto counted = std::make_shared<const CountedBytes>(whole_, shares_.at(share), std::move(bytes));
  const Bytes view = counted->bytes();
  return {std::move(counted), view};
}

}  // namespace millrace
