#include "apps/agent/signal_source.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace millrace {

Result<SignalSource> SignalSource::open(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signals) ::sigaddset(&set, number);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  (void)::sigaction(SIGPIPE, &ignore, nullptr);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return fail(Errc::unavailable, std::strerror(errno));
  }
  FileDescriptor descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor.is_open()) return fail(Errc::unavailable, std::strerror(errno));
  return SignalSource(std::move(descriptor));
}

std::vector<int> SignalSource::take() const {
  std::vector<int> numbers;
  signalfd_siginfo info{};
  while (::read(descriptor_.get(), &info, sizeof(info)) == sizeof(info)) {
    numbers.push_back(static_cast<int>(info.ssi_signo));
  }
  return numbers;
}

}  // namespace millrace
