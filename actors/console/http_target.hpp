#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace millrace {

/// A request's target, decoded: `/v1/actors/replica/7/0?limit=5`.
struct HttpTarget {
  std::vector<std::string> segments;  ///< Without a slash at the end.
  std::vector<std::pair<std::string, std::string>> query;
  std::string authority;  ///< Of `http://authority/path`, which then stands for the Host field.
};

/// Errors: malformed (no path, a bad escape).
[[nodiscard]] Result<HttpTarget> parse_target(std::string_view target);

enum class ActorOrder { waited_p99, mailbox, handled, name };

/// What a page may be asked for; each page takes some of it.
struct PageQuery {
  static constexpr std::size_t limit_default = 100;
  static constexpr std::size_t limit_max = 1000;

  std::size_t offset = 0;
  std::size_t limit = limit_default;
  std::string filter{};  ///< A part of the name.
  ActorOrder sort = ActorOrder::waited_p99;
  bool verbose = false;
};

/// Errors: malformed (a key that is not `known` or comes twice, a value out of its range).
[[nodiscard]] Result<PageQuery> read_query(const HttpTarget& target,
                                           std::initializer_list<std::string_view> known);

}  // namespace millrace
