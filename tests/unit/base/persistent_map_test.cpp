#include "base/persistent_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace millrace {
namespace {

using Pairs = std::vector<std::pair<int, std::string>>;

Pairs pairs_of(const PersistentMap<int, std::string>& map) {
  Pairs pairs;
  map.for_each([&](int key, const std::string& value) { pairs.emplace_back(key, value); });
  return pairs;
}

TEST(PersistentMap, IsAMapWhateverIsPutInAndTakenOut) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PersistentMap<int, std::string> map;
    std::map<int, std::string> model;
    for (int i = 0; i < 600; ++i) {
      const int key = static_cast<int>(random.below(100));
      if (random.below(3) == 0) {
        map.erase(key);
        model.erase(key);
      } else {
        map.insert_or_assign(key, std::to_string(i));
        model.insert_or_assign(key, std::to_string(i));
      }
      ASSERT_EQ(map.size(), model.size());
      const std::string* found = map.find(key);
      ASSERT_EQ(found != nullptr, model.contains(key));
      if (found != nullptr) {
        ASSERT_EQ(*found, model.at(key));
      }
    }
    EXPECT_EQ(pairs_of(map), Pairs(model.begin(), model.end()));
  }
}

TEST(PersistentMap, AnOldVersionStaysAsItWas) {
  PersistentMap<int, std::string> map;
  std::vector<PersistentMap<int, std::string>> versions;
  for (int i = 0; i < 200; ++i) {
    versions.push_back(map);
    map.insert_or_assign(i, "x");
  }
  for (int i = 0; i < 200; ++i) map.erase(i);
  EXPECT_TRUE(map.empty());
  for (std::size_t i = 0; i < versions.size(); ++i) ASSERT_EQ(versions[i].size(), i);
  EXPECT_NE(versions.back().find(0), nullptr);
}

/// Counts how often it was copied: a change copies the values on its way, no others.
struct Counted {
  explicit Counted(int* copies) : copies_(copies) {}
  Counted(const Counted& other) : copies_(other.copies_) { ++*copies_; }
  Counted& operator=(const Counted&) = delete;
  Counted(Counted&& other) = default;
  ~Counted() = default;

 private:
  int* copies_;
};

TEST(PersistentMap, AChangeCopiesFewNodesEvenInTheWorstOrder) {
  constexpr int size = 10'000;
  int copies = 0;
  PersistentMap<int, Counted> map;
  for (int i = 0; i < size; ++i) map.insert_or_assign(i, Counted(&copies));
  const auto old = map;
  copies = 0;
  map.insert_or_assign(size, Counted(&copies));
  EXPECT_LT(copies, 100);
  copies = 0;
  map.erase(size / 2);
  EXPECT_LT(copies, 100);
  EXPECT_EQ(old.size(), static_cast<std::size_t>(size));
}

}  // namespace
}  // namespace millrace
