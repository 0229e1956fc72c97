#pragma once
#include <utility>

namespace millrace {

/// Owns one descriptor of the operating system and closes it.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { close(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  void close();
  /// Leaves it open for the kernel to close when the process ends.
  void leave_open() { number_ = -1; }

 private:
  int number_ = -1;
};

}  // namespace millrace
