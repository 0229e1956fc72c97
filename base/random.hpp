#pragma once
#include <cstdint>
#include <string_view>

namespace millrace {

/// A tree of seeded generators: `fork("disk")` gives a child whose numbers do not depend on how
/// many numbers the parent or its other children have drawn, so a new draw in one place does not
/// shift the rest. xoshiro256** seeded by splitmix64 (Blackman and Vigna).
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// A child generator that depends only on this generator's seed and on `name`.
  [[nodiscard]] Random fork(std::string_view name) const;
  [[nodiscard]] Random fork(std::uint64_t index) const;

  [[nodiscard]] std::uint64_t next();
  /// Uniform in [0, bound). Requires bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high]. Requires low <= high.
  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high);
  /// True in `numerator` of `denominator` cases.
  [[nodiscard]] bool chance(std::uint64_t numerator, std::uint64_t denominator);

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

}  // namespace millrace
