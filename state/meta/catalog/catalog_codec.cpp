#include "state/meta/catalog/catalog_codec.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <limits>

#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "schemas/catalog.capnp.h"

namespace millrace {
namespace {

// The checksum takes 8 bytes so that the words behind it stay aligned.
constexpr std::size_t checksum_size = 8;

// Versions of member lists have 32 bits for it.
constexpr std::uint64_t coordinator_epoch_max = 0xffff'ffff;

// A ServersTagged that takes tags away.
constexpr std::int32_t no_tag = -1;

std::string_view text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

/// Left to itself, Cap'n Proto ends a text at its first NUL.
capnp::Text::Reader whole(const std::string& text) { return {text.c_str(), text.size()}; }

void write(schemas::Database::Builder out, const DatabaseInfo& database) {
  out.setName(whole(database.name));
  out.setJson(protocol::to_json(database.descriptor));
  out.setCreatedAtMillis(database.created_at);
  out.setModifiedAtMillis(database.modified_at);
}

void write(capnp::List<std::int32_t>::Builder out, const std::vector<NodeId>& nodes) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, nodes[i].value());
}

unsigned count(const std::vector<NodeId>& nodes) { return static_cast<unsigned>(nodes.size()); }

void write(capnp::List<schemas::Bucket>::Builder out, const std::vector<BucketInfo>& buckets) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const BucketInfo& bucket = buckets[i];
    out[i].setLeader(bucket.leader.value());
    out[i].setEpoch(bucket.epoch.value());
    write(out[i].initReplicas(count(bucket.replicas)), bucket.replicas);
    out[i].setVersion(bucket.version);
    write(out[i].initInSync(count(bucket.in_sync)), bucket.in_sync);
    write(out[i].initEligible(count(bucket.eligible)), bucket.eligible);
    out[i].setLedSince(bucket.led_since.value());
  }
}

void write(capnp::List<schemas::Leadership>::Builder out, const LeadershipsChanged& fact) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const LeadershipChange& change = fact.changes[i];
    out[i].setTableId(change.bucket.table.value());
    out[i].setPartitionId(change.bucket.partition.value());
    out[i].setBucket(change.bucket.bucket.value());
    out[i].setLeader(change.leader.value());
    out[i].setEpoch(change.epoch.value());
    out[i].setVersion(change.version);
    write(out[i].initInSync(count(change.in_sync)), change.in_sync);
    write(out[i].initEligible(count(change.eligible)), change.eligible);
    out[i].setLedSince(change.led_since.value());
  }
}

void write(schemas::Table::Builder out, const TableInfo& table) {
  out.setId(table.id.value());
  out.setDatabase(whole(table.database));
  out.setName(whole(table.name));
  out.setSchemaId(table.schema_id);
  out.setJson(protocol::to_json(table.descriptor));
  out.setCreatedAtMillis(table.created_at);
  out.setModifiedAtMillis(table.modified_at);
  write(out.initBuckets(static_cast<unsigned>(table.buckets.size())), table.buckets);
  auto schemas = out.initOlderSchemas(static_cast<unsigned>(table.older_schemas.size()));
  for (unsigned i = 0; i < schemas.size(); ++i) {
    schemas.set(i, protocol::to_json(table.older_schemas[i]));
  }
}

void write(schemas::Partition::Builder out, const PartitionInfo& partition) {
  out.setId(partition.id.value());
  out.setTableId(partition.table.value());
  auto values = out.initValues(static_cast<unsigned>(partition.values.size()));
  for (unsigned i = 0; i < values.size(); ++i) values.set(i, whole(partition.values[i]));
  write(out.initBuckets(static_cast<unsigned>(partition.buckets.size())), partition.buckets);
  out.setCreatedAtMillis(partition.created_at);
}

void write(schemas::AlteredTable::Builder out, const TableAltered& fact) {
  out.setId(fact.table.value());
  out.setSchemaId(fact.schema_id);
  out.setJson(protocol::to_json(fact.descriptor));
  out.setModifiedAtMillis(fact.modified_at);
}

void write(schemas::TaggedServers::Builder out, const ServersTagged& fact) {
  auto nodes = out.initNodes(static_cast<unsigned>(fact.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) nodes.set(i, fact.nodes[i].value());
  out.setTag(fact.tag ? static_cast<std::int32_t>(*fact.tag) : no_tag);
}

void write(capnp::List<schemas::ConfigOverride>::Builder out, const ClusterConfigsChanged& fact) {
  unsigned i = 0;
  for (const auto& [key, value] : fact.values) {
    auto entry = out[i++];
    entry.setKey(whole(key));
    if (value) entry.setValue(whole(*value));
    entry.setDropped(!value);
  }
}

void write_alteration(schemas::CatalogDelta::Builder out, const CatalogDelta& delta) {
  if (const auto* table = std::get_if<TableAltered>(&delta)) {
    write(out.initTableAltered(), *table);
  } else if (const auto* database = std::get_if<DatabaseAltered>(&delta)) {
    write(out.initDatabaseAltered(), database->database);
  } else if (const auto* tagged = std::get_if<ServersTagged>(&delta)) {
    write(out.initServersTagged(), *tagged);
  } else if (const auto* configs = std::get_if<ClusterConfigsChanged>(&delta)) {
    write(out.initClusterConfigsChanged(static_cast<unsigned>(configs->values.size())), *configs);
  } else if (const auto* started = std::get_if<NodeStarted>(&delta)) {
    auto start = out.initNodeStarted();
    start.setNodeId(started->node.value());
    start.setStart(started->start.value());
  } else if (const auto* taken = std::get_if<OfficeTaken>(&delta)) {
    auto office = out.initOfficeTaken();
    office.setNodeId(taken->node.value());
    office.setIncarnation(taken->incarnation.value());
    office.setEpoch(taken->epoch.value());
  } else if (const auto* led = std::get_if<LeadershipsChanged>(&delta)) {
    write(out.initLeadershipsChanged(static_cast<unsigned>(led->changes.size())), *led);
  }
}

void write(capnp::List<schemas::Acl>::Builder out, const std::vector<protocol::AclEntry>& acls) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const protocol::AclEntry& acl = acls[i];
    out[i].setResourceType(static_cast<std::int32_t>(acl.resource.type));
    out[i].setResourceName(whole(acl.resource.name));
    out[i].setPrincipalType(whole(acl.principal.type));
    out[i].setPrincipalName(whole(acl.principal.name));
    out[i].setHost(whole(acl.host));
    out[i].setOperation(static_cast<std::int32_t>(acl.operation));
    out[i].setPermission(static_cast<std::int32_t>(acl.permission));
  }
}

void write(schemas::CatalogDelta::Builder out, const CatalogDelta& delta) {
  if (const auto* created = std::get_if<DatabaseCreated>(&delta)) {
    write(out.initDatabaseCreated(), created->database);
  } else if (const auto* dropped = std::get_if<DatabaseDropped>(&delta)) {
    out.setDatabaseDropped(whole(dropped->name));
  } else if (const auto* table = std::get_if<TableCreated>(&delta)) {
    write(out.initTableCreated(), table->table);
  } else if (const auto* gone = std::get_if<TableDropped>(&delta)) {
    out.setTableDropped(gone->table.value());
  } else if (const auto* reserved = std::get_if<WriterIdsReserved>(&delta)) {
    out.setWriterIdsReservedBelow(reserved->below.value());
  } else if (const auto* allowed = std::get_if<AclsCreated>(&delta)) {
    write(out.initAclsCreated(static_cast<unsigned>(allowed->entries.size())), allowed->entries);
  } else if (const auto* revoked = std::get_if<AclsDropped>(&delta)) {
    write(out.initAclsDropped(static_cast<unsigned>(revoked->entries.size())), revoked->entries);
  } else if (const auto* partition = std::get_if<PartitionCreated>(&delta)) {
    write(out.initPartitionCreated(), partition->partition);
  } else if (const auto* ended = std::get_if<PartitionDropped>(&delta)) {
    out.initPartitionDropped().setTableId(ended->table.value());
    out.getPartitionDropped().setPartitionId(ended->partition.value());
  } else {
    write_alteration(out, delta);
  }
}

Result<DatabaseInfo> read(schemas::Database::Reader in) {
  auto descriptor = protocol::parse_database_json(text_of(in.getJson()));
  if (!descriptor) return fail(Errc::corrupt, "database record: " + descriptor.error().message);
  return DatabaseInfo{std::string(text_of(in.getName())), std::move(*descriptor),
                      in.getCreatedAtMillis(), in.getModifiedAtMillis()};
}

std::vector<NodeId> read(capnp::List<std::int32_t>::Reader in) {
  std::vector<NodeId> nodes;
  for (const std::int32_t node : in) nodes.push_back(NodeId{node});
  return nodes;
}

std::vector<BucketInfo> read(capnp::List<schemas::Bucket>::Reader in) {
  std::vector<BucketInfo> buckets;
  for (const auto bucket : in) {
    BucketInfo& read_bucket = buckets.emplace_back();
    read_bucket.leader = NodeId{bucket.getLeader()};
    read_bucket.epoch = LeaderEpoch{bucket.getEpoch()};
    read_bucket.replicas = read(bucket.getReplicas());
    read_bucket.version = bucket.getVersion();
    read_bucket.in_sync = bucket.hasInSync() ? read(bucket.getInSync()) : read_bucket.replicas;
    read_bucket.eligible = read(bucket.getEligible());
    read_bucket.led_since = Revision{bucket.getLedSince()};
  }
  return buckets;
}

CatalogDelta read(capnp::List<schemas::Leadership>::Reader in) {
  LeadershipsChanged fact;
  for (const auto one : in) {
    fact.changes.push_back({.bucket = {TableId{one.getTableId()}, BucketIndex{one.getBucket()},
                                       PartitionId{one.getPartitionId()}},
                            .leader = NodeId{one.getLeader()},
                            .epoch = LeaderEpoch{one.getEpoch()},
                            .version = one.getVersion(),
                            .in_sync = read(one.getInSync()),
                            .eligible = read(one.getEligible()),
                            .led_since = Revision{one.getLedSince()}});
  }
  return fact;
}

PartitionInfo read(schemas::Partition::Reader in) {
  PartitionInfo partition;
  partition.id = PartitionId{in.getId()};
  partition.table = TableId{in.getTableId()};
  for (const auto value : in.getValues()) partition.values.emplace_back(text_of(value));
  partition.buckets = read(in.getBuckets());
  partition.created_at = in.getCreatedAtMillis();
  return partition;
}

Result<TableInfo> read(schemas::Table::Reader in) {
  auto descriptor = protocol::parse_table_json(text_of(in.getJson()));
  if (!descriptor) return fail(Errc::corrupt, "table record: " + descriptor.error().message);
  TableInfo table;
  table.id = TableId{in.getId()};
  table.database = text_of(in.getDatabase());
  table.name = text_of(in.getName());
  table.schema_id = in.getSchemaId();
  table.descriptor = std::move(*descriptor);
  table.created_at = in.getCreatedAtMillis();
  table.modified_at = in.getModifiedAtMillis();
  table.buckets = read(in.getBuckets());
  for (const auto json : in.getOlderSchemas()) {
    auto schema = protocol::parse_schema_json(text_of(json));
    if (!schema) return fail(Errc::corrupt, "table record: " + schema.error().message);
    table.older_schemas.push_back(std::move(*schema));
  }
  return table;
}

std::vector<protocol::AclEntry> read(capnp::List<schemas::Acl>::Reader in) {
  std::vector<protocol::AclEntry> entries;
  for (const auto acl : in) {
    protocol::AclEntry& entry = entries.emplace_back();
    entry.resource = {static_cast<protocol::ResourceType>(acl.getResourceType()),
                      std::string(text_of(acl.getResourceName()))};
    entry.principal = {std::string(text_of(acl.getPrincipalType())),
                       std::string(text_of(acl.getPrincipalName()))};
    entry.host = text_of(acl.getHost());
    entry.operation = static_cast<protocol::Operation>(acl.getOperation());
    entry.permission = static_cast<protocol::Permission>(acl.getPermission());
  }
  return entries;
}

Result<CatalogDelta> read(schemas::AlteredTable::Reader in) {
  auto descriptor = protocol::parse_table_json(text_of(in.getJson()));
  if (!descriptor) return fail(Errc::corrupt, "altered table: " + descriptor.error().message);
  return TableAltered{TableId{in.getId()}, in.getSchemaId(), std::move(*descriptor),
                      in.getModifiedAtMillis()};
}

CatalogDelta read(schemas::TaggedServers::Reader in) {
  ServersTagged fact;
  for (const std::int32_t node : in.getNodes()) fact.nodes.push_back(NodeId{node});
  if (in.getTag() != no_tag) fact.tag = static_cast<ServerTag>(in.getTag());
  return fact;
}

CatalogDelta read(capnp::List<schemas::ConfigOverride>::Reader in) {
  ClusterConfigsChanged fact;
  for (const auto entry : in) {
    auto& value = fact.values[std::string(text_of(entry.getKey()))];
    if (!entry.getDropped()) value.emplace(text_of(entry.getValue()));
  }
  return fact;
}

/// The one after it can be named, too.
template <class IdType>
bool may_be_given(IdType id) {
  return id.value() >= 0 && id.value() < std::numeric_limits<typename IdType::rep>::max();
}

Result<CatalogDelta> read_alteration(schemas::CatalogDelta::Reader in) {
  switch (in.which()) {
    case schemas::CatalogDelta::TABLE_ALTERED:
      return read(in.getTableAltered());
    case schemas::CatalogDelta::DATABASE_ALTERED: {
      auto database = read(in.getDatabaseAltered());
      if (!database) return tl::unexpected<Error>(database.error());
      return DatabaseAltered{std::move(*database)};
    }
    case schemas::CatalogDelta::SERVERS_TAGGED:
      return read(in.getServersTagged());
    case schemas::CatalogDelta::CLUSTER_CONFIGS_CHANGED:
      return read(in.getClusterConfigsChanged());
    case schemas::CatalogDelta::NODE_STARTED:
      return NodeStarted{NodeId{in.getNodeStarted().getNodeId()},
                         StartId{in.getNodeStarted().getStart()}};
    case schemas::CatalogDelta::OFFICE_TAKEN: {
      const auto office = in.getOfficeTaken();
      const CoordinatorEpoch epoch{office.getEpoch()};
      if (epoch == CoordinatorEpoch{} || epoch.value() > coordinator_epoch_max) {
        return fail(Errc::corrupt, "office of an epoch that is never given");
      }
      return OfficeTaken{NodeId{office.getNodeId()}, Incarnation{office.getIncarnation()}, epoch};
    }
    case schemas::CatalogDelta::LEADERSHIPS_CHANGED:
      return read(in.getLeadershipsChanged());
    default:
      return fail(Errc::malformed, "metadata delta of an unknown kind");
  }
}

Result<CatalogDelta> read(schemas::CatalogDelta::Reader in) {
  switch (in.which()) {
    case schemas::CatalogDelta::DATABASE_CREATED: {
      auto database = read(in.getDatabaseCreated());
      if (!database) return tl::unexpected<Error>(database.error());
      return DatabaseCreated{std::move(*database)};
    }
    case schemas::CatalogDelta::DATABASE_DROPPED:
      return DatabaseDropped{std::string(text_of(in.getDatabaseDropped()))};
    case schemas::CatalogDelta::TABLE_CREATED: {
      auto table = read(in.getTableCreated());
      if (!table) return tl::unexpected<Error>(table.error());
      if (!may_be_given(table->id))
        return fail(Errc::corrupt, "table of an id that is never given");
      return TableCreated{std::move(*table)};
    }
    case schemas::CatalogDelta::TABLE_DROPPED:
      return TableDropped{TableId{in.getTableDropped()}};
    case schemas::CatalogDelta::WRITER_IDS_RESERVED_BELOW:
      return WriterIdsReserved{WriterId{in.getWriterIdsReservedBelow()}};
    case schemas::CatalogDelta::ACLS_CREATED:
      return AclsCreated{read(in.getAclsCreated())};
    case schemas::CatalogDelta::ACLS_DROPPED:
      return AclsDropped{read(in.getAclsDropped())};
    case schemas::CatalogDelta::PARTITION_CREATED: {
      PartitionCreated created{read(in.getPartitionCreated())};
      if (!may_be_given(created.partition.id)) {
        return fail(Errc::corrupt, "partition of an id that is never given");
      }
      return created;
    }
    case schemas::CatalogDelta::PARTITION_DROPPED:
      return PartitionDropped{TableId{in.getPartitionDropped().getTableId()},
                              PartitionId{in.getPartitionDropped().getPartitionId()}};
    default:
      return read_alteration(in);
  }
}

Buffer sealed(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto body = words.asBytes();
  std::vector<std::byte> out(checksum_size + body.size());
  std::memcpy(out.data() + checksum_size, body.begin(), body.size());
  store_le(out.data(), crc32c_of(Bytes(out).subspan(checksum_size)));
  return Buffer::from(std::move(out));
}

/// Checks the checksum and hands the root to `use`.
template <class Root, class Use>
auto unsealed(const Buffer& bytes, Use&& use)
    -> decltype(use(std::declval<typename Root::Reader>())) {
  if (bytes.size() < checksum_size || bytes.size() % sizeof(capnp::word) != 0) {
    return fail(Errc::corrupt, "metadata record of a wrong length");
  }
  const Bytes body = bytes.bytes().subspan(checksum_size);
  if (crc32c_of(body) != load_le<std::uint32_t>(bytes.bytes(), 0)) {
    return fail(Errc::corrupt, "metadata record with a wrong checksum");
  }
  auto words = kj::heapArray<capnp::word>(body.size() / sizeof(capnp::word));
  std::memcpy(static_cast<void*>(words.begin()), body.data(), body.size());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 8 * words.size() + 1024;
  try {
    capnp::FlatArrayMessageReader reader(words.asPtr(), options);
    return use(reader.getRoot<Root>());
  } catch (const kj::Exception& damage) {
    return fail(Errc::corrupt, std::string("metadata record: ") + damage.getDescription().cStr());
  }
}

}  // namespace

Buffer encode_delta(const CatalogDelta& delta) {
  capnp::MallocMessageBuilder message;
  write(message.initRoot<schemas::CatalogDelta>(), delta);
  return sealed(message);
}

Result<CatalogDelta> decode_delta(const Buffer& bytes) {
  return unsealed<schemas::CatalogDelta>(
      bytes, [](schemas::CatalogDelta::Reader delta) { return read(delta); });
}

Buffer encode_catalog(const Catalog& catalog) {
  capnp::MallocMessageBuilder message;
  auto image = message.initRoot<schemas::CatalogImage>();
  const std::vector<CatalogDelta> deltas = catalog.as_deltas();
  auto out = image.initDeltas(static_cast<unsigned>(deltas.size()));
  for (unsigned i = 0; i < out.size(); ++i) write(out[i], deltas[i]);
  image.setNextTableId(catalog.next_table().value());
  image.setNextPartitionId(catalog.next_partition().value());
  return sealed(message);
}

Result<Catalog> decode_catalog(const Buffer& bytes) {
  return unsealed<schemas::CatalogImage>(
      bytes, [](schemas::CatalogImage::Reader image) -> Result<Catalog> {
        Catalog catalog;
        for (const auto one : image.getDeltas()) {
          auto delta = read(one);
          if (!delta) return tl::unexpected<Error>(delta.error());
          catalog.apply(*delta);
        }
        catalog.reserve_table_ids(TableId{image.getNextTableId()});
        catalog.reserve_partition_ids(PartitionId{image.getNextPartitionId()});
        return catalog;
      });
}

}  // namespace millrace
