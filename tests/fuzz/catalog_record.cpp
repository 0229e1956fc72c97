#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "state/meta/catalog/catalog_codec.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/actors/coordinator/commands.hpp"

// What the metadata store keeps: one fact, or a whole catalog. A checksum that is put right first
// stands for a record that was written by somebody else.

namespace millrace::fuzz {
namespace {

constexpr std::size_t checksum_size = 8;

Buffer sealed(const Buffer& words) {
  std::vector<std::byte> bytes;
  append_le(bytes, std::uint64_t{crc32c_of(words.bytes())});
  bytes.insert(bytes.end(), words.bytes().begin(), words.bytes().end());
  return Buffer::from(std::move(bytes));
}

std::vector<CatalogDelta> facts() {
  TableInfo table;
  table.id = TableId{3};
  table.database = "nyc";
  table.name = "t";
  table.descriptor = coordinator::log_table();
  table.buckets = {{NodeId{1}, LeaderEpoch{0}, {NodeId{1}}}};
  const protocol::AclEntry acl{protocol::table_resource("nyc", "t"),
                               protocol::user_principal("bob"), "*", protocol::Operation::read,
                               protocol::Permission::allow};
  return {DatabaseCreated{{"nyc", {}, 10, 20}},
          TableCreated{table},
          PartitionCreated{{PartitionId{8}, TableId{3}, {"us", "20241130"}, table.buckets, 1234}},
          WriterIdsReserved{WriterId{7}},
          AclsCreated{{acl}},
          AclsDropped{{acl}},
          PartitionDropped{TableId{3}, PartitionId{8}},
          TableDropped{TableId{3}},
          DatabaseDropped{"nyc"}};
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t kind = reader.below(3);
  if (kind == 0) {
    (void)decode_delta(reader.rest());
    return;
  }
  const Buffer record = sealed(reader.rest());
  if (kind == 1) {
    const auto delta = decode_delta(record);
    if (!delta) return;
    CHECK(decode_delta(encode_delta(*delta)) == delta);
    Catalog catalog;
    for (const CatalogDelta& fact : facts()) catalog.apply(fact);
    catalog.apply(*delta);
    return;
  }
  const auto catalog = decode_catalog(record);
  if (catalog) CHECK(decode_catalog(encode_catalog(*catalog)) == catalog);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  Catalog catalog;
  for (const CatalogDelta& fact : facts()) {
    made.push_back(
        InputWriter().byte(1).rest(encode_delta(fact).text().substr(checksum_size)).done());
    if (made.size() <= 5) catalog.apply(fact);
  }
  made.push_back(
      InputWriter().byte(2).rest(encode_catalog(catalog).text().substr(checksum_size)).done());
  made.push_back(InputWriter().byte(0).rest(encode_delta(facts()[0]).text()).done());
  return made;
}

}  // namespace millrace::fuzz
