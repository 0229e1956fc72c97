#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace {

/// A tree of values that a command prints or a run file holds. Members keep the order in which they
/// were set, so output is stable.
class Document {
 public:
  Document() = default;  ///< null
  Document(bool value) : value_(value) {}
  Document(int value) : value_(std::int64_t{value}) {}
  Document(std::int64_t value) : value_(value) {}
  Document(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}
  Document(double value) : value_(value) {}  ///< What is no number becomes null.
  Document(std::string value) : value_(std::move(value)) {}
  Document(std::string_view value) : value_(std::string(value)) {}
  Document(const char* value) : value_(std::string(value)) {}

  [[nodiscard]] static Document list();
  [[nodiscard]] static Document object();

  /// Requires a list.
  Document& add(Document element);
  /// Requires an object without this member.
  Document& set(std::string_view name, Document member);

  /// One line, in UTF-8: bytes that are not become U+FFFD.
  [[nodiscard]] std::string json() const;
  /// A list gives one line of JSON per element, anything else one line.
  [[nodiscard]] std::string ndjson() const;
  /// Block style; words are quoted as in JSON, which YAML accepts.
  [[nodiscard]] std::string yaml() const;

 private:
  using List = std::vector<Document>;
  using Object = std::vector<std::pair<std::string, Document>>;
  void append_json(std::string& out) const;
  void append_yaml(std::string& out, int indent) const;
  [[nodiscard]] bool is_block() const;

  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object> value_;
};

}  // namespace millrace
