#include "protocol/json_document.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace millrace::protocol::json_document {
namespace {

/// Nesting of brackets outside strings, or more than `limit`. Needs no valid JSON.
int depth_of(std::string_view json, int limit) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size() && deepest <= limit; ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

tl::unexpected<ProtocolError> bad(std::string message) {
  return refuse(ErrorCode::invalid_table_exception, std::move(message));
}

Outcome<Json> parse_object(std::string_view text) {
  if (text.size() > bytes_max) return bad("JSON is too large: " + std::to_string(text.size()));
  if (depth_of(text, depth_max) > depth_max) return bad("JSON is nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return bad("not valid JSON");
  if (!json.is_object()) return bad("JSON is not an object");
  return json;
}

const Json* find(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member == object.end() || member->is_null() ? nullptr : &*member;
}

Outcome<std::optional<std::string>> optional_text(const Json& object, const char* key) {
  const Json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) return bad(std::string("not a string: ") + key);
  return member->get<std::string>();
}

Outcome<std::string> required_text(const Json& object, const char* key) {
  auto text = optional_text(object, key);
  if (!text) return same_error(text);
  if (!*text) return bad(std::string("missing: ") + key);
  return std::move(**text);
}

Outcome<std::optional<std::int32_t>> optional_int(const Json& object, const char* key) {
  const Json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  const bool is_small =
      member->is_number_integer() &&
      (!member->is_number_unsigned() ||
       member->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int32_t>::max()}) &&
      member->get<std::int64_t>() >= std::numeric_limits<std::int32_t>::min() &&
      member->get<std::int64_t>() <= std::numeric_limits<std::int32_t>::max();
  if (!is_small) return bad(std::string("not a 32-bit integer: ") + key);
  return member->get<std::int32_t>();
}

Outcome<std::optional<std::vector<std::string>>> optional_texts(const Json& object,
                                                                const char* key) {
  const Json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_array()) return bad(std::string("not an array: ") + key);
  std::vector<std::string> texts;
  for (const Json& entry : *member) {
    if (!entry.is_string()) return bad(std::string("not an array of strings: ") + key);
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Outcome<Properties> required_properties(const Json& object, const char* key) {
  const Json* member = find(object, key);
  if (member == nullptr) return bad(std::string("missing: ") + key);
  if (!member->is_object()) return bad(std::string("not an object: ") + key);
  Properties properties;
  for (const auto& [name, value] : member->items()) {
    if (!value.is_string()) return bad(std::string("value is not a string in ") + key);
    properties.emplace(name, value.get<std::string>());
  }
  return properties;
}

std::string text_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace millrace::protocol::json_document
