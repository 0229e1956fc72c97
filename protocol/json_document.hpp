#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/table_descriptor.hpp"

// How the protocol's JSON documents are read: sizes and nesting are bounded before anything is
// built, so that a document costs memory in proportion to its bytes. Null members count as absent.
// For the *_json.cpp files of this folder.

namespace millrace::protocol::json_document {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

inline constexpr std::size_t bytes_max = std::size_t{2} << 20;
/// A type level takes two JSON levels ("fields" and its object), and the document a few of its own.
inline constexpr int depth_max = 2 * type_depth_max + 8;

/// An invalid_table_exception that converts to any Outcome.
[[nodiscard]] tl::unexpected<ProtocolError> bad(std::string message);

template <class T>
[[nodiscard]] tl::unexpected<ProtocolError> same_error(const Outcome<T>& failed) {
  return tl::unexpected<ProtocolError>(failed.error());
}

[[nodiscard]] Outcome<Json> parse_object(std::string_view text);

/// The member `key`, nothing if it is absent or null.
[[nodiscard]] const Json* find(const Json& object, const char* key);

// Each of these is an error if the member has another type.
[[nodiscard]] Outcome<std::optional<std::string>> optional_text(const Json& object,
                                                                const char* key);
[[nodiscard]] Outcome<std::string> required_text(const Json& object, const char* key);
[[nodiscard]] Outcome<std::optional<std::int32_t>> optional_int(const Json& object,
                                                                const char* key);
[[nodiscard]] Outcome<std::optional<std::vector<std::string>>> optional_texts(const Json& object,
                                                                              const char* key);
[[nodiscard]] Outcome<Properties> required_properties(const Json& object, const char* key);

/// Compact text; what is no UTF-8 is replaced.
[[nodiscard]] std::string text_of(const OrderedJson& json);

/// A type within a document, checked against its limits.
[[nodiscard]] Outcome<DataType> read_type(const Json& json);
[[nodiscard]] OrderedJson json_of(const DataType& type);

[[nodiscard]] Outcome<Schema> read_schema(const Json& json);
[[nodiscard]] OrderedJson json_of(const Schema& schema);

}  // namespace millrace::protocol::json_document
