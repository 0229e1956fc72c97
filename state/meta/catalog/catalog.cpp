#include "state/meta/catalog/catalog.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

void Catalog::apply(const CatalogDelta& delta) {
  std::visit([this](const auto& fact) { apply_one(fact); }, delta);
}

void Catalog::apply_one(const DatabaseCreated& fact) {
  databases_.insert_or_assign(fact.database.name, fact.database);
}

void Catalog::apply_one(const DatabaseDropped& fact) {
  databases_.erase(fact.name);
  for (auto name = names_.lower_bound({fact.name, ""});
       name != names_.end() && name->first.first == fact.name;) {
    tables_.erase(name->second);
    name = names_.erase(name);
  }
}

void Catalog::apply_one(const TableCreated& fact) {
  names_.insert_or_assign({fact.table.database, fact.table.name}, fact.table.id);
  tables_.insert_or_assign(fact.table.id, std::make_shared<const TableInfo>(fact.table));
  reserve_table_ids(TableId{fact.table.id.value() + 1});
}

void Catalog::apply_one(const TableDropped& fact) {
  const auto found = tables_.find(fact.table);
  if (found == tables_.end()) return;
  names_.erase({found->second->database, found->second->name});
  tables_.erase(found);
}

void Catalog::apply_one(const WriterIdsReserved& fact) {
  next_writer_ = std::max(next_writer_, fact.below);
}

void Catalog::apply_one(const AclsCreated& fact) {
  auto acls = std::make_shared<protocol::AclSet>(*acls_);
  acls->insert(fact.entries.begin(), fact.entries.end());
  acls_ = std::move(acls);
}

void Catalog::apply_one(const AclsDropped& fact) {
  auto acls = std::make_shared<protocol::AclSet>(*acls_);
  for (const protocol::AclEntry& entry : fact.entries) acls->erase(entry);
  acls_ = std::move(acls);
}

void Catalog::reserve_table_ids(TableId below) { next_table_ = std::max(next_table_, below); }

const DatabaseInfo* Catalog::find_database(const std::string& name) const {
  const auto found = databases_.find(name);
  return found == databases_.end() ? nullptr : &found->second;
}

Catalog::TablePointer Catalog::find_table(const std::string& database,
                                          const std::string& name) const {
  const auto found = names_.find({database, name});
  return found == names_.end() ? nullptr : find_table(found->second);
}

Catalog::TablePointer Catalog::find_table(TableId id) const {
  const auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<std::string> Catalog::tables_of(const std::string& database) const {
  std::vector<std::string> names;
  for (auto name = names_.lower_bound({database, ""});
       name != names_.end() && name->first.first == database; ++name) {
    names.push_back(name->first.second);
  }
  return names;
}

std::vector<CatalogDelta> Catalog::as_deltas() const {
  std::vector<CatalogDelta> deltas;
  for (const auto& [name, database] : databases_) deltas.emplace_back(DatabaseCreated{database});
  for (const auto& [id, table] : tables_) deltas.emplace_back(TableCreated{*table});
  deltas.emplace_back(WriterIdsReserved{next_writer_});
  if (!acls_->empty()) deltas.emplace_back(AclsCreated{{acls_->begin(), acls_->end()}});
  return deltas;
}

bool operator==(const Catalog& a, const Catalog& b) {
  return a.next_table_ == b.next_table_ && a.as_deltas() == b.as_deltas();
}

}  // namespace millrace
