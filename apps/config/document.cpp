#include "apps/config/document.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace millrace {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, or zero.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (lead == 0xE0 && at(1) < 0xA0) return 0;
  if (lead == 0xED && at(1) > 0x9F) return 0;
  if (lead == 0xF0 && at(1) < 0x90) return 0;
  if (lead == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

void append_escaped(std::string& out, char letter) {
  switch (letter) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned char>(letter));
  } else {
    out += letter;
  }
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 1) {
      append_escaped(out, text.front());
    } else if (length == 0) {
      out += "\\ufffd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
  return out;
}

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
