#include "state/disk/simulated/simulated_names.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "state/disk/port/path.hpp"

namespace millrace {
namespace {

bool lies_in(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

SimulatedNames::SimulatedNames() {
  visible_.folders.insert("");
  durable_.folders.insert("");
}

SimulatedNames::Content SimulatedNames::find(const std::string& path) const {
  const auto found = visible_.files.find(path);
  return found == visible_.files.end() ? nullptr : found->second;
}

bool SimulatedNames::has_folder(const std::string& folder) const {
  return visible_.folders.contains(folder);
}

std::vector<std::string> SimulatedNames::list(const std::string& folder) const {
  std::vector<std::string> names;
  const auto add = [&](const std::string& path) {
    if (path.empty() || folder_of(path) != folder) return;
    names.push_back(folder.empty() ? path : path.substr(folder.size() + 1));
  };
  for (const auto& [path, content] : visible_.files) add(path);
  for (const auto& path : visible_.folders) add(path);
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t SimulatedNames::bytes_used() const {
  std::uint64_t sum = 0;
  for (const auto& [path, content] : visible_.files) sum += content->visible().size();
  return sum;
}

void SimulatedNames::make_folder(const std::string& folder) {
  // Making it durable syncs the folder above, and all that happened there with it.
  sync_folder(folder_of(folder));
  visible_.folders.insert(folder);
  durable_.folders.insert(folder);
}

SimulatedNames::Content SimulatedNames::create(const std::string& path) {
  CHECK(has_folder(folder_of(path)));
  CHECK(!visible_.files.contains(path));
  auto content = std::make_shared<SimulatedContent>();
  change({path, content});
  return content;
}

void SimulatedNames::rename(const std::string& from, const std::string& to) {
  const Content content = find(from);
  CHECK(content != nullptr);
  change({to, content});
}

void SimulatedNames::remove(const std::string& path) {
  if (visible_.files.contains(path)) change({path, nullptr});
}

void SimulatedNames::remove_folder(const std::string& folder) {
  if (!has_folder(folder)) return;
  // Each file goes on its own: a crash may leave a part of them behind.
  std::vector<std::string> paths;
  for (const auto& [path, content] : visible_.files) {
    if (lies_in(path, folder)) paths.push_back(path);
  }
  for (const auto& path : paths) remove(path);
  change({folder, nullptr, true});
}

void SimulatedNames::sync_all() {
  for (const auto& [path, content] : visible_.files) content->sync();
  for (const Change& one : unsynced_) apply(durable_, one);
  unsynced_.clear();
}

void SimulatedNames::drop_unsynced(Random& random) {
  for (const auto& [path, content] : visible_.files) content->drop_unsynced(random);
}

void SimulatedNames::sync_folder(const std::string& folder) {
  std::vector<Change> others;
  for (Change& one : unsynced_) {
    if (folder_of(one.path) == folder) {
      apply(durable_, one);
    } else {
      others.push_back(std::move(one));
    }
  }
  unsynced_ = std::move(others);
}

CrashToll SimulatedNames::crash(CrashLoss loss, Random& random) {
  CrashToll toll;
  std::uint64_t kept_of_four = 2 * random.below(3);  // None, half of them, or all.
  if (loss == CrashLoss::names) kept_of_four = 0;
  if (loss == CrashLoss::writes || loss == CrashLoss::torn) kept_of_four = 4;
  for (const Change& one : unsynced_) {
    if (random.chance(kept_of_four, 4)) {
      apply(durable_, one);
    } else {
      ++toll.names;
    }
  }
  unsynced_.clear();
  for (auto& [path, content] : durable_.files) content->crash(loss, random, toll);
  visible_ = durable_;
  return toll;
}

SimulatedNames::Content SimulatedNames::find_durable(const std::string& path) const {
  const auto found = durable_.files.find(path);
  return found == durable_.files.end() ? nullptr : found->second;
}

SimulatedNames SimulatedNames::copy() const {
  std::map<Content, Content> copies;
  const auto copy_of = [&](const Content& original) -> Content {
    if (original == nullptr) return nullptr;
    Content& made = copies[original];
    if (made == nullptr) made = std::make_shared<SimulatedContent>(*original);
    return made;
  };
  SimulatedNames twin = *this;
  for (auto& [path, content] : twin.visible_.files) content = copy_of(content);
  for (auto& [path, content] : twin.durable_.files) content = copy_of(content);
  for (Change& one : twin.unsynced_) one.content = copy_of(one.content);
  return twin;
}

void SimulatedNames::change(Change change) {
  apply(visible_, change);
  unsynced_.push_back(std::move(change));
}

void SimulatedNames::apply(Tree& tree, const Change& change) {
  if (change.whole_folder) {
    std::erase_if(tree.files, [&](const auto& entry) { return lies_in(entry.first, change.path); });
    std::erase_if(tree.folders, [&](const std::string& folder) {
      return folder == change.path || lies_in(folder, change.path);
    });
    return;
  }
  if (change.content == nullptr) {
    tree.files.erase(change.path);
    return;
  }
  if (!tree.folders.contains(folder_of(change.path))) return;
  // A file has one name: this is what makes the change a rename.
  std::erase_if(tree.files, [&](const auto& entry) { return entry.second == change.content; });
  tree.files[change.path] = change.content;
}

}  // namespace millrace
