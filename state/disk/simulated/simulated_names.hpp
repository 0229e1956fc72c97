#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "state/disk/simulated/simulated_content.hpp"

namespace millrace {

/// Which names lead to which files, as programs see it and as the device holds it. Changes of names
/// reach the device when their folder is synced; at a crash, any of the others may be forgotten.
/// New folders are durable at once, as the port promises.
class SimulatedNames {
 public:
  using Content = std::shared_ptr<SimulatedContent>;

  SimulatedNames();

  [[nodiscard]] Content find(const std::string& path) const;
  [[nodiscard]] bool has_folder(const std::string& folder) const;
  [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
  [[nodiscard]] std::uint64_t bytes_used() const;

  void make_folder(const std::string& folder);
  /// Requires: the folder exists, the name does not.
  [[nodiscard]] Content create(const std::string& path);
  /// Requires: `from` is a file.
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  void remove_folder(const std::string& folder);
  void sync_folder(const std::string& folder);
  /// All names, and the bytes of all files.
  void sync_all();
  /// A sync of everything that failed: see SimulatedContent::drop_unsynced().
  void drop_unsynced(Random& random);
  /// Power is lost, for the names and for every file's bytes.
  [[nodiscard]] CrashToll crash(CrashLoss loss, Random& random);

  /// Every file that programs see, by path.
  [[nodiscard]] const std::map<std::string, Content>& files() const { return visible_.files; }
  /// As the device holds it; null if it does not.
  [[nodiscard]] Content find_durable(const std::string& path) const;
  /// The same names and bytes, sharing nothing.
  [[nodiscard]] SimulatedNames copy() const;

 private:
  struct Tree {
    std::map<std::string, Content> files;
    std::set<std::string> folders;
  };
  /// The name `path` gets `content`, or goes if there is none; with `whole_folder` all below it
  /// goes.
  struct Change {
    std::string path;
    Content content;
    bool whole_folder = false;
  };

  void change(Change change);
  static void apply(Tree& tree, const Change& change);

  Tree visible_;
  Tree durable_;
  std::vector<Change> unsynced_;
};

}  // namespace millrace
