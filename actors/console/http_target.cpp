#include "actors/console/http_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace millrace {
namespace {

constexpr std::string_view scheme = "http://";

std::optional<int> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

/// `plus_is_space` in queries only.
Result<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += plus_is_space && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    if (at + 2 >= text.size()) return fail(Errc::malformed, "escape is cut off");
    const auto high = hex_value(text[at + 1]);
    const auto low = hex_value(text[at + 2]);
    if (!high || !low) return fail(Errc::malformed, "escape is not two hexadecimal digits");
    plain += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  return plain;
}

/// Calls `each` with the parts of `text` between `separator`s.
template <class Each>
Status for_each_part(std::string_view text, char separator, Each each) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (auto done = each(text.substr(0, end)); !done) return done;
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

Status parse_path(std::string_view path, HttpTarget& target) {
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return for_each_part(path, '/', [&](std::string_view part) -> Status {
    auto segment = unescape(part, false);
    if (!segment) return wrap(segment.error(), "path");
    target.segments.push_back(std::move(*segment));
    return {};
  });
}

Status parse_query(std::string_view query, HttpTarget& target) {
  return for_each_part(query, '&', [&](std::string_view part) -> Status {
    if (part.empty()) return {};
    const std::size_t equals = part.find('=');
    auto key = unescape(part.substr(0, equals), true);
    if (!key) return wrap(key.error(), "query");
    const bool has_value = equals != std::string_view::npos;
    auto value = unescape(has_value ? part.substr(equals + 1) : "", true);
    if (!value) return wrap(value.error(), "query");
    target.query.emplace_back(std::move(*key), std::move(*value));
    return {};
  });
}

Status read_count(const std::string& text, std::size_t max, std::size_t& count) {
  const char* const end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, count);
  if (failure == std::errc{} && stopped == end && count <= max) return {};
  return fail(Errc::malformed, fmt::format("not a number from 0 to {}", max));
}

Status read_order(const std::string& text, ActorOrder& order) {
  if (text == "waited_p99") {
    order = ActorOrder::waited_p99;
  } else if (text == "mailbox") {
    order = ActorOrder::mailbox;
  } else if (text == "handled") {
    order = ActorOrder::handled;
  } else if (text == "name") {
    order = ActorOrder::name;
  } else {
    return fail(Errc::malformed, "not one of waited_p99, mailbox, handled, name");
  }
  return {};
}

Status read_flag(const std::string& text, bool& flag) {
  flag = text.empty() || text == "true" || text == "1";
  if (flag || text == "false" || text == "0") return {};
  return fail(Errc::malformed, "not true or false");
}

/// Requires a key that some page knows.
Status read_value(const std::string& key, const std::string& value, PageQuery& query) {
  constexpr std::size_t offset_max = 1'000'000'000;
  if (key == "limit") return read_count(value, PageQuery::limit_max, query.limit);
  if (key == "offset") return read_count(value, offset_max, query.offset);
  if (key == "sort") return read_order(value, query.sort);
  if (key == "verbose") return read_flag(value, query.verbose);
  query.filter = value;
  return {};
}

}  // namespace

Result<HttpTarget> parse_target(std::string_view text) {
  HttpTarget target;
  if (text.starts_with(scheme)) {
    text.remove_prefix(scheme.size());
    const std::size_t path = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, path);
    text.remove_prefix(path);
    if (target.authority.empty()) return fail(Errc::malformed, "target without a host");
  }
  text = text.substr(0, text.find('#'));
  const std::size_t question = text.find('?');
  const std::string_view path = text.substr(0, question);
  if (!path.starts_with('/')) return fail(Errc::malformed, "target is not a path");
  if (auto parsed = parse_path(path, target); !parsed) return tl::unexpected(parsed.error());
  if (question == std::string_view::npos) return target;
  auto parsed = parse_query(text.substr(question + 1), target);
  if (!parsed) return tl::unexpected(parsed.error());
  return target;
}

Result<PageQuery> read_query(const HttpTarget& target,
                             std::initializer_list<std::string_view> known) {
  PageQuery query;
  std::set<std::string_view> seen;
  for (const auto& [key, value] : target.query) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return fail(Errc::malformed,
                  fmt::format("query key is not one of [{}]: {}", fmt::join(known, ", "), key));
    }
    if (!seen.insert(key).second) return fail(Errc::malformed, "query key comes twice: " + key);
    if (auto read = read_value(key, value, query); !read) return wrap(read.error(), key);
  }
  return query;
}

}  // namespace millrace
