// The SQL text of types: to_string() and parse_sql_type().

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "protocol/data_type.hpp"

namespace millrace::protocol {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_word(char c) { return is_word_start(c) || is_digit(c); }

/// What SQL calls a root, and the parameters it has when none are written.
struct SqlName {
  std::string_view name;
  TypeRoot root;
  int parameters_max = 0;
  std::int32_t first_default = 0;
};

constexpr auto sql_names = std::to_array<SqlName>({
    {"BOOLEAN", TypeRoot::boolean},
    {"TINYINT", TypeRoot::tinyint},
    {"SMALLINT", TypeRoot::smallint},
    {"INT", TypeRoot::integer},
    {"INTEGER", TypeRoot::integer},
    {"BIGINT", TypeRoot::bigint},
    {"FLOAT", TypeRoot::float32},
    {"DOUBLE", TypeRoot::float64},
    {"CHAR", TypeRoot::character, 1, 1},
    {"STRING", TypeRoot::string},
    {"BINARY", TypeRoot::binary, 1, 1},
    {"BYTES", TypeRoot::bytes},
    {"DECIMAL", TypeRoot::decimal, 2, 10},
    {"DATE", TypeRoot::date},
    {"TIME", TypeRoot::time, 1, 0},
    {"TIMESTAMP", TypeRoot::timestamp, 1, 6},
    {"TIMESTAMP_LTZ", TypeRoot::timestamp_ltz, 1, 6},
    {"ARRAY", TypeRoot::array},
    {"MAP", TypeRoot::map},
    {"ROW", TypeRoot::row},
});

const SqlName& sql_name_of(TypeRoot root) {
  return *std::find_if(sql_names.begin(), sql_names.end(),
                       [&](const SqlName& name) { return name.root == root; });
}

std::string quoted(const std::string& name) {
  if (!name.empty() && is_word_start(name[0]) && std::all_of(name.begin(), name.end(), is_word))
    return name;
  std::string out = "`";
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out + "`";
}

std::string parameters_of(const DataType& type) {
  switch (type.root) {
    case TypeRoot::character:
    case TypeRoot::binary:
      return "(" + std::to_string(type.length) + ")";
    case TypeRoot::decimal:
      return "(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeRoot::time:
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return "(" + std::to_string(type.precision) + ")";
    default:
      return "";
  }
}

/// Reads one type after the other from the front of the text. Every reader returns false or an
/// empty value after an error, and `why_` then says what was wrong.
class SqlTypeReader {
 public:
  explicit SqlTypeReader(std::string_view text) : text_(text) {}

  Outcome<DataType> read_all() {
    auto type = read_type(1);
    if (type && !at_end()) {
      type.reset();
      why_ = "text after the type";
    }
    if (type) {
      if (auto why = why_bad_type(*type)) {
        type.reset();
        why_ = std::move(*why);
      }
    }
    if (!type) {
      return refuse(ErrorCode::invalid_table_exception,
                    "not a type: " + why_ + " at position " + std::to_string(position_));
    }
    return std::move(*type);
  }

 private:
  std::optional<DataType> read_type(int depth) {
    if (depth > type_depth_max) return nothing("type is nested too deeply");
    const std::string name = read_word();
    const auto known = std::find_if(sql_names.begin(), sql_names.end(),
                                    [&](const SqlName& entry) { return entry.name == name; });
    if (known == sql_names.end()) return nothing("unknown type name");
    DataType type;
    type.root = known->root;
    if (!read_parameters(*known, type)) return std::nullopt;
    if (is_nested(type.root) && !read_children(type, depth)) return std::nullopt;
    return read_nullability(std::move(type));
  }

  std::optional<DataType> read_nullability(DataType type) {
    const std::size_t before = position_;
    const std::string word = read_word();
    if (word == "NULL") return type;
    if (word == "NOT") {
      if (read_word() != "NULL") return nothing("NULL expected after NOT");
      type.nullable = false;
      return type;
    }
    position_ = before;
    return type;
  }

  bool read_parameters(const SqlName& name, DataType& type) {
    std::int32_t values[2] = {name.first_default, 0};
    if (name.parameters_max > 0 && take('(')) {
      for (int i = 0; i < name.parameters_max; ++i) {
        if (i > 0 && !take(',')) break;
        const auto value = read_number();
        if (!value) return false;
        values[i] = *value;
      }
      if (!take(')')) return wrong(") expected");
    }
    if (type.root == TypeRoot::character || type.root == TypeRoot::binary) {
      type.length = values[0];
    } else {
      type.precision = values[0];
      type.scale = values[1];
    }
    return true;
  }

  bool read_children(DataType& type, int depth) {
    if (!take('<')) return wrong("< expected");
    if (type.root == TypeRoot::row && take('>')) return true;
    const std::size_t count_max = type.root == TypeRoot::array ? 1 : 2;
    do {
      if (type.root != TypeRoot::row && type.children.size() == count_max)
        return wrong("too many inner types");
      Field field;
      if (type.root == TypeRoot::row && !read_field_name(field.name)) return false;
      auto inner = read_type(depth + 1);
      if (!inner) return false;
      field.type = std::move(*inner);
      type.children.push_back(std::move(field));
    } while (take(','));
    if (!take('>')) return wrong("> expected");
    return true;
  }

  bool read_field_name(std::string& name) {
    skip_space();
    if (position_ < text_.size() && text_[position_] == '`') return read_quoted(name);
    while (position_ < text_.size() && is_word(text_[position_])) name += text_[position_++];
    return !name.empty() || wrong("field name expected");
  }

  bool read_quoted(std::string& name) {
    for (++position_; position_ < text_.size(); ++position_) {
      if (text_[position_] != '`') {
        name += text_[position_];
      } else if (position_ + 1 < text_.size() && text_[position_ + 1] == '`') {
        name += '`';
        ++position_;
      } else {
        ++position_;
        return true;
      }
    }
    return wrong("quote is not closed");
  }

  std::optional<std::int32_t> read_number() {
    skip_space();
    std::int32_t value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return nothing("number expected");
    position_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  /// In upper case.
  std::string read_word() {
    skip_space();
    std::string word;
    while (position_ < text_.size() && is_word(text_[position_])) word += upper(text_[position_++]);
    return word;
  }

  bool take(char c) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  bool at_end() {
    skip_space();
    return position_ == text_.size();
  }

  void skip_space() {
    while (position_ < text_.size() &&
           (text_[position_] == ' ' || text_[position_] == '\t' || text_[position_] == '\n'))
      ++position_;
  }

  std::nullopt_t nothing(std::string_view why) {
    why_ = why;
    return std::nullopt;
  }

  bool wrong(std::string_view why) {
    why_ = why;
    return false;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::string why_;
};

}  // namespace

std::string to_string(const DataType& type) {
  std::string out(sql_name_of(type.root).name);
  out += parameters_of(type);
  if (is_nested(type.root)) {
    out += '<';
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      if (i > 0) out += ", ";
      if (type.root == TypeRoot::row) out += quoted(type.children[i].name) + ' ';
      out += to_string(type.children[i].type);
    }
    out += '>';
  }
  if (!type.nullable) out += " NOT NULL";
  return out;
}

Outcome<DataType> parse_sql_type(std::string_view text) { return SqlTypeReader(text).read_all(); }

}  // namespace millrace::protocol
