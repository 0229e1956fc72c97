#include "apps/agent/process_record.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include "apps/agent/process_clock.hpp"

namespace millrace {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string boot_id_now() {
  std::string id = text_of_file("/proc/sys/kernel/random/boot_id");
  std::erase(id, '\n');
  return id;
}

// By number, because glibc 2.36 declares these two without C linkage.
int open_process(int process_id) {
  return process_id > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, process_id, 0)) : -1;
}

void send_signal(int process, int number) {
  (void)::syscall(SYS_pidfd_send_signal, process, number, nullptr, 0);
}

struct ProcessStatus {
  bool has_ended = false;
  std::uint64_t start_ticks = 0;
};

// Source: proc(5), /proc/PID/stat. The name in brackets may hold anything, so fields are counted
// from the last bracket: state is field 3, the start time field 22.
Result<ProcessStatus> status_of(int process_id) {
  const std::string text = text_of_file(fmt::format("/proc/{}/stat", process_id));
  const auto bracket = text.rfind(')');
  if (bracket == std::string::npos) return fail(Errc::unavailable, "no such process");
  std::istringstream fields(text.substr(bracket + 1));
  std::string field;
  ProcessStatus status;
  for (int index = 3; index <= 22; ++index) {
    if (!(fields >> field)) return fail(Errc::unavailable, "process status cannot be read");
    if (index == 3) status.has_ended = field == "Z" || field == "X";
  }
  const auto [end, error] =
      std::from_chars(field.data(), field.data() + field.size(), status.start_ticks);
  if (error != std::errc{}) return fail(Errc::unavailable, "process status cannot be read");
  return status;
}

bool is_recorded_one(const ProcessRecord& record) {
  const auto status = status_of(record.process_id);
  if (!status || status->has_ended || status->start_ticks != record.start_ticks) return false;
  if (boot_id_now() != record.boot_id) return false;
  const std::string command_line = text_of_file(fmt::format("/proc/{}/cmdline", record.process_id));
  return !record.mark.empty() && command_line.find(record.mark) != std::string::npos;
}

}  // namespace

Result<ProcessRecord> record_of_process(int process_id, std::string mark) {
  const auto status = status_of(process_id);
  if (!status) return tl::unexpected(status.error());
  return ProcessRecord{process_id, status->start_ticks, boot_id_now(), std::move(mark)};
}

Result<ProcessHandle> ProcessHandle::open(const ProcessRecord& record) {
  // The handle first, the check second: a process that takes over the id in between is not ours,
  // and one that is ours is the one that the handle holds.
  FileDescriptor descriptor(open_process(record.process_id));
  if (!descriptor.is_open() || !is_recorded_one(record)) {
    return fail(Errc::unavailable, fmt::format("process is gone: {}", record.process_id));
  }
  return ProcessHandle(std::move(descriptor));
}

void ProcessHandle::signal(int number) const { send_signal(descriptor_.get(), number); }

bool ProcessHandle::wait_for_end(Duration timeout) const {
  const Instant deadline = monotonic_now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
    const auto millis = std::clamp<std::int64_t>(left.count(), 0, 3'600'000);
    pollfd ended{descriptor_.get(), POLLIN, 0};
    const int count = ::poll(&ended, 1, static_cast<int>(millis));
    if (count > 0) return true;
    if (count == 0 && left.count() <= 0) return false;
    if (count < 0 && errno != EINTR) return false;
  }
}

bool is_alive(const ProcessRecord& record) { return ProcessHandle::open(record).has_value(); }

}  // namespace millrace
