// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kpatch::patch {

/// Whether a name has only characters that mean nothing to make and shells:
/// [A-Za-z0-9_+.,/-]. Every file of a kernel has such a name.
bool is_plain_name(std::string_view name);

/// The text without the byte order mark that some editors put before it.
std::string_view without_byte_order_mark(std::string_view text);

/// The name of the encoding that a mail's body still has ("quoted-printable", "base64");
/// empty if it can be read as it is.
std::string mail_encoding(std::span<const std::string_view> lines);

/// What patch(1) would take for a change at line `at` though it is no unified diff, or is
/// indented; empty if it is only text.
std::string foreign_change(std::span<const std::string_view> lines, std::size_t at);

/// Whether the "--- " line at `at` begins a unified diff that is indented as a whole.
bool is_indented_diff(std::span<const std::string_view> lines, std::size_t at);

} // namespace kpatch::patch
