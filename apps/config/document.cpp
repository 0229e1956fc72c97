#include "apps/config/document.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/check.hpp"
#include "base/json_text.hpp"

namespace millrace {

Document Document::list() {
  Document document;
  document.value_ = List{};
  return document;
}

Document Document::object() {
  Document document;
  document.value_ = Object{};
  return document;
}

Document& Document::add(Document element) {
  auto* list = std::get_if<List>(&value_);
  CHECK(list != nullptr);
  list->push_back(std::move(element));
  return *this;
}

Document& Document::set(std::string_view name, Document member) {
  auto* object = std::get_if<Object>(&value_);
  CHECK(object != nullptr);
  for (const auto& [known, value] : *object) CHECK(known != name);
  object->emplace_back(name, std::move(member));
  return *this;
}

bool Document::is_block() const {
  if (const auto* list = std::get_if<List>(&value_)) return !list->empty();
  if (const auto* object = std::get_if<Object>(&value_)) return !object->empty();
  return false;
}

void Document::append_json(std::string& out) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    out += std::to_string(*number);
  } else if (const auto* real = std::get_if<double>(&value_)) {
    out += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    out += json_quoted(*text);
  } else if (const auto* list = std::get_if<List>(&value_)) {
    char separator = '[';
    for (const Document& element : *list) {
      out += std::exchange(separator, ',');
      element.append_json(out);
    }
    out += list->empty() ? "[]" : "]";
  } else if (const auto* object = std::get_if<Object>(&value_)) {
    char separator = '{';
    for (const auto& [name, member] : *object) {
      out += std::exchange(separator, ',');
      out += json_quoted(name) + ':';
      member.append_json(out);
    }
    out += object->empty() ? "{}" : "}";
  } else {
    out += "null";
  }
}

// Called with the cursor where the value begins: after `- ` or on a fresh line.
void Document::append_yaml(std::string& out, int indent) const {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  bool first = true;
  if (!is_block()) {
    append_json(out);
    out += '\n';
  } else if (const auto* list = std::get_if<List>(&value_)) {
    for (const Document& element : *list) {
      if (!std::exchange(first, false)) out += margin;
      out += "- ";
      element.append_yaml(out, indent + 2);
    }
  } else if (const auto* object = std::get_if<Object>(&value_)) {
    for (const auto& [name, member] : *object) {
      if (!std::exchange(first, false)) out += margin;
      out += json_quoted(name) + (member.is_block() ? ":\n" + margin + "  " : ": ");
      member.append_yaml(out, indent + 2);
    }
  }
}

std::string Document::json() const {
  std::string out;
  append_json(out);
  out += '\n';
  return out;
}

std::string Document::ndjson() const {
  const auto* list = std::get_if<List>(&value_);
  if (list == nullptr) return json();
  std::string out;
  for (const Document& element : *list) out += element.json();
  return out;
}

std::string Document::yaml() const {
  std::string out;
  append_yaml(out, 0);
  return out;
}

}  // namespace millrace
