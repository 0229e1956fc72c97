#pragma once
#include <bit>
#include <concepts>
#include <cstring>

#include "base/buffer.hpp"
#include "base/check.hpp"

namespace millrace {

static_assert(std::endian::native == std::endian::little, "byte swaps below assume it");

namespace detail {
template <std::integral T>
[[nodiscard]] T swapped(T value) {
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  return value;
}
}  // namespace detail

/// Reads a little-endian integer at `at`. Requires at + sizeof(T) <= bytes.size().
template <std::integral T>
[[nodiscard]] T load_le(Bytes bytes, std::size_t at) {
  CHECK(at + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// Reads a big-endian integer at `at`. Requires at + sizeof(T) <= bytes.size().
template <std::integral T>
[[nodiscard]] T load_be(Bytes bytes, std::size_t at) {
  return detail::swapped(load_le<T>(bytes, at));
}

/// Writes a little-endian integer. `to` must have room for it.
template <std::integral T>
void store_le(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

/// Writes a big-endian integer. `to` must have room for it.
template <std::integral T>
void store_be(std::byte* to, T value) {
  store_le(to, detail::swapped(value));
}

/// Appends a little-endian integer.
template <std::integral T>
void append_le(std::vector<std::byte>& out, T value) {
  out.resize(out.size() + sizeof(T));
  store_le(out.data() + out.size() - sizeof(T), value);
}

/// Appends a big-endian integer.
template <std::integral T>
void append_be(std::vector<std::byte>& out, T value) {
  out.resize(out.size() + sizeof(T));
  store_be(out.data() + out.size() - sizeof(T), value);
}

}  // namespace millrace
