#include "scenarios/memory/scarce_memory.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace millrace::scenarios {
namespace {

// Scarce memory shows where much is asked for: what is small comes from what the allocator holds.
// And a destructor that asks for a little, as those of JSON documents do, would end the process.
constexpr std::size_t fails_from = 256;
// The queue of CAF's testing scheduler grows in pieces of this size. If that fails in the middle of
// a send, an actor is lost for good, which is no affair of the actors under test.
constexpr std::size_t scheduler_piece = 512;

thread_local bool counting = false;
thread_local bool failed = false;
thread_local std::uint64_t left = 0;

bool fails_now(std::size_t size) {
  if (!counting || failed || size < fails_from || size == scheduler_piece) return false;
  if (left > 0) {
    --left;
    return false;
  }
  failed = true;
  return true;
}

void* allocate(std::size_t size) {
  if (fails_now(size)) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void let_allocation_fail_after(std::uint64_t allocations) {
  left = allocations;
  failed = false;
  counting = true;
}

bool let_allocations_succeed() {
  counting = false;
  return std::exchange(failed, false);
}

}  // namespace millrace::scenarios

void* operator new(std::size_t size) { return millrace::scenarios::allocate(size); }
void* operator new[](std::size_t size) { return millrace::scenarios::allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
