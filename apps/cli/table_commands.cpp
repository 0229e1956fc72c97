// Commands about tables as a whole; row_commands.cpp has those that move rows.
#include <fmt/format.h>

#include <numeric>

#include "apps/cli/column_list.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/row_source.hpp"
#include "apps/cli/table_reader.hpp"

namespace millrace::cli {

namespace {

using Rows = std::vector<std::vector<std::string>>;

Done<client::TablePath> table_of(const Context& context) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  auto path = parse_table_path(words->front());
  if (!path) return usage_failure(path.error().message, "millrace table ls");
  return std::move(*path);
}

Done<ExitCode> list(Context& context) {
  const auto words = context.words(0, 1);
  if (!words) return tl::unexpected(words.error());
  std::vector<std::string> databases = *words;
  if (databases.empty()) {
    auto all = context.session().wait<std::vector<std::string>>(
        [&](auto done) { context.client().list_databases(std::move(done)); });
    if (!all) return tl::unexpected(all.error());
    databases = std::move(*all);
  }
  Document document = Document::list();
  Rows rows;
  for (const std::string& database : databases) {
    const auto tables = context.session().wait<std::vector<std::string>>(
        [&](auto done) { context.client().list_tables(database, std::move(done)); });
    if (!tables) return tl::unexpected(tables.error());
    for (const std::string& table : *tables) {
      document.add(Document::object().set("database", database).set("table", table));
      rows.push_back({database, table});
    }
  }
  context.print(document, text_table({"DATABASE", "TABLE"}, rows));
  return ExitCode::fine;
}

Done<protocol::Schema> wanted_schema(const CommandLine& line) {
  const auto columns = line.value("columns");
  const auto like = line.value("like");
  if (columns.has_value() == like.has_value()) {
    return usage_failure("a table needs --columns or --like",
                         "--columns \"id BIGINT NOT NULL, name STRING\"");
  }
  if (columns) {
    auto schema = parse_columns(*columns);
    if (!schema) return usage_failure(schema.error().message, "--columns \"id INT, name STRING\"");
    return std::move(*schema);
  }
  const auto kind = kind_of(*like);
  if (!kind) return usage_failure("not a .csv, .ndjson or .parquet file: " + *like, "");
  auto schema = infer_schema(*like, *kind, {.null_values = line.values("null-value")});
  if (!schema) return failed(schema.error());
  return std::move(*schema);
}

Done<protocol::TableDescriptor> wanted_table(const CommandLine& line) {
  protocol::TableDescriptor table;
  auto schema = wanted_schema(line);
  if (!schema) return tl::unexpected(schema.error());
  table.schema = std::move(*schema);
  table.comment = line.value("comment");
  table.partition_keys = split_list(line.value("partitioned-by").value_or(""));
  if (line.has("buckets")) {
    const auto count = line.number("buckets", 1, 1, 100'000);
    if (!count) return usage_failure(count.error().message, "--buckets 4");
    table.bucket_count = static_cast<std::int32_t>(*count);
    table.bucket_keys.emplace();
  }
  for (const std::string& property : line.values("property")) {
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0)
      return usage_failure("--property takes KEY=VALUE: " + property,
                           "--property table.log.ttl=7d");
    auto& into = property.starts_with("table.") ? table.properties : table.custom_properties;
    into[property.substr(0, equals)] = property.substr(equals + 1);
  }
  return table;
}

Done<ExitCode> create(Context& context) {
  const auto path = table_of(context);
  if (!path) return tl::unexpected(path.error());
  const auto table = wanted_table(context.line());
  if (!table) return tl::unexpected(table.error());
  const auto made = context.session().wait<void>([&](auto done) {
    context.client().create_table(*path, *table, context.line().has("if-not-exists"),
                                  std::move(done));
  });
  if (!made) return tl::unexpected(made.error());
  context.print(Document::object()
                    .set("database", path->database)
                    .set("table", path->table)
                    .set("created", true),
                fmt::format("table {} is there\n", to_string(*path)));
  return ExitCode::fine;
}

Done<ExitCode> drop(Context& context) {
  const auto path = table_of(context);
  if (!path) return tl::unexpected(path.error());
  const auto gone = context.session().wait<void>([&](auto done) {
    context.client().drop_table(*path, context.line().has("if-exists"), std::move(done));
  });
  if (!gone) return tl::unexpected(gone.error());
  context.print(Document::object()
                    .set("database", path->database)
                    .set("table", path->table)
                    .set("dropped", true),
                fmt::format("table {} is gone\n", to_string(*path)));
  return ExitCode::fine;
}

/// First and next offset of every bucket.
struct BucketSpan {
  protocol::Outcome<Offset> first;
  protocol::Outcome<Offset> next;

  [[nodiscard]] const protocol::ProtocolError* error() const {
    if (!first) return &first.error();
    return next ? nullptr : &next.error();
  }
};

Done<std::vector<BucketSpan>> spans_of(Context& context, const client::TableInfo& place) {
  using Kind = client::OffsetQuery::Kind;
  using Offsets = std::vector<client::BucketOffset>;
  const auto ask = [&](Kind kind) {
    return context.session().wait<Offsets>([&](auto done) {
      if (!place.partition) {
        return context.client().list_offsets(place.path, {.kind = kind}, std::move(done));
      }
      context.client().list_offsets(place.path, place.partition->name, {.kind = kind},
                                    std::move(done));
    });
  };
  const auto first = ask(Kind::earliest);
  if (!first) return tl::unexpected(first.error());
  const auto next = ask(Kind::latest);
  if (!next) return tl::unexpected(next.error());
  std::vector<BucketSpan> out;
  for (std::size_t i = 0; i < std::min(first->size(), next->size()); ++i)
    out.push_back({(*first)[i].offset, (*next)[i].offset});
  return out;
}

Document columns_document(const protocol::Schema& schema, Rows& rows) {
  Document columns = Document::list();
  for (const protocol::Column& column : schema.columns) {
    const std::string type = to_string(column.type);
    columns.add(Document::object()
                    .set("name", column.name)
                    .set("type", type)
                    .set("comment", column.comment ? Document(*column.comment) : Document()));
    rows.push_back({column.name, type, column.comment.value_or("")});
  }
  return columns;
}

Document properties_document(const protocol::Properties& properties, Rows& rows) {
  Document document = Document::object();
  for (const auto& [key, value] : properties) {
    document.set(key, value);
    rows.push_back({key, value});
  }
  return document;
}

Document buckets_document(const client::TableInfo& table, const std::vector<BucketSpan>& spans,
                          const client::Cluster::Nodes& nodes, Rows& rows) {
  Document buckets = Document::list();
  for (std::size_t i = 0; i < std::min(table.buckets.size(), spans.size()); ++i) {
    const client::BucketInfo& bucket = table.buckets[i];
    const auto number = [](const protocol::Outcome<Offset>& offset) {
      return offset ? Document(*offset) : Document();
    };
    const auto text = [](const protocol::Outcome<Offset>& offset) {
      return offset ? std::to_string(*offset) : std::string("?");
    };
    std::string address;
    for (const client::ServerNode& server : nodes.servers) {
      if (bucket.leader == server.id) address = to_string(server.endpoint);
    }
    Document replicas = Document::list();
    for (const NodeId replica : bucket.replicas) replicas.add(replica.value());
    const protocol::ProtocolError* error = spans[i].error();
    buckets.add(Document::object()
                    .set("bucket", bucket.bucket.value())
                    .set("leader", bucket.leader ? Document(bucket.leader->value()) : Document())
                    .set("leader_address", address.empty() ? Document() : Document(address))
                    .set("replicas", std::move(replicas))
                    .set("first_offset", number(spans[i].first))
                    .set("next_offset", number(spans[i].next))
                    .set("error", error != nullptr ? Document(error->message) : Document()));
    rows.push_back({std::to_string(bucket.bucket.value()),
                    bucket.leader ? fmt::format("{} {}", bucket.leader->value(), address) : "none",
                    text(spans[i].first), text(spans[i].next),
                    error != nullptr ? error->message : ""});
  }
  return buckets;
}

Done<ExitCode> describe_one(Context& context) {
  const auto path = table_of(context);
  if (!path) return tl::unexpected(path.error());
  const auto table = context.session().wait<client::TablePtr>(
      [&](auto done) { context.client().describe_table(*path, std::move(done)); });
  if (!table) return tl::unexpected(table.error());
  const auto spans = spans_of(context, **table);
  if (!spans) return tl::unexpected(spans.error());
  const auto nodes = context.session().wait<client::Cluster::Nodes>(
      [&](auto done) { context.client().nodes(std::move(done)); });
  if (!nodes) return tl::unexpected(nodes.error());
  const client::TableInfo& info = **table;
  Rows columns;
  Rows properties;
  Rows buckets;
  Document keys = Document::list();
  for (const std::string& key : info.descriptor.schema.primary_key) keys.add(key);
  Document partition_keys = Document::list();
  for (const std::string& key : info.descriptor.partition_keys) partition_keys.add(key);
  const Document document =
      Document::object()
          .set("database", path->database)
          .set("table", path->table)
          .set("table_id", info.id.value())
          .set("schema_id", info.schema_id)
          .set("created_ms", info.created)
          .set("modified_ms", info.modified)
          .set("comment", info.descriptor.comment ? Document(*info.descriptor.comment) : Document())
          .set("columns", columns_document(info.descriptor.schema, columns))
          .set("primary_key", std::move(keys))
          .set("partition_keys", std::move(partition_keys))
          .set("properties", properties_document(info.descriptor.properties, properties))
          .set("custom_properties",
               properties_document(info.descriptor.custom_properties, properties))
          .set("buckets", buckets_document(info, *spans, *nodes, buckets));
  context.print(
      document,
      fmt::format("table {}  id {}  schema {}\n\n{}\n{}\n{}", to_string(*path), info.id.value(),
                  info.schema_id, text_table({"COLUMN", "TYPE", "COMMENT"}, columns),
                  text_table({"PROPERTY", "VALUE"}, properties),
                  text_table({"BUCKET", "LEADER", "FIRST", "NEXT", "ERROR"}, buckets)));
  return ExitCode::fine;
}

Done<ExitCode> count(Context& context) {
  const auto path = table_of(context);
  if (!path) return tl::unexpected(path.error());
  const auto places = places_of(context.session(), *path);
  if (!places) return tl::unexpected(places.error());
  std::int64_t rows = 0;
  Document errors = Document::list();
  std::optional<protocol::ProtocolError> first_error;
  for (const client::TablePtr& place : *places) {
    const auto spans = spans_of(context, *place);
    if (!spans) return tl::unexpected(spans.error());
    for (std::size_t i = 0; i < spans->size(); ++i) {
      const BucketSpan& span = (*spans)[i];
      if (const auto* error = span.error()) {
        if (!first_error) first_error = *error;
        errors.add(
            Document::object()
                .set("partition", place->partition ? Document(place->partition->name) : Document())
                .set("bucket", static_cast<std::int64_t>(i))
                .set("error", error->message));
        continue;
      }
      rows += *span.next - *span.first;
    }
  }
  context.print(Document::object()
                    .set("database", path->database)
                    .set("table", path->table)
                    .set("rows", rows)
                    .set("complete", !first_error)
                    .set("errors", std::move(errors)),
                fmt::format("{}\n", rows));
  if (first_error) return failed(*first_error);
  return ExitCode::fine;
}

}  // namespace

std::span<const Command> table_commands() {
  static const std::vector<Command> all = {
      {"table", "ls", "[DB]", "list tables", {}, list},
      {"table",
       "create",
       "DB.TABLE",
       "create a log table",
       {{"columns", "LIST", "such as \"id BIGINT NOT NULL, name STRING\""},
        {"like", "FILE", "columns as in a .csv, .ndjson or .parquet file"},
        {"null-value", "TEXT", "what means null in a --like CSV file; may come several times"},
        {"buckets", "N", "how many buckets; default: as the cluster is configured"},
        {"partitioned-by", "NAMES", "columns whose values say which partition a row belongs to"},
        {"property", "KEY=VALUE", "an option of the table; may come several times"},
        {"comment", "TEXT", "kept with the table"},
        {"if-not-exists", "", "fine if it is there already"}},
       create},
      {"table",
       "describe",
       "DB.TABLE",
       "columns, properties, leaders and offsets",
       {},
       describe_one},
      {"table",
       "drop",
       "DB.TABLE",
       "drop a table",
       {{"if-exists", "", "fine if there is none"}},
       drop},
      {"table", "count", "DB.TABLE", "number of rows, from offsets alone", {}, count},
  };
  return all;
}

}  // namespace millrace::cli
