// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries of the system's journal, in its native form (systemd.io,
// "Native Journal Protocol"): a datagram with a line NAME=value for each field. A value
// with line feeds stands behind its name and its length. Where nobody listens the
// message goes to syslog.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace kpatch {

/// Names in capitals, with MESSAGE and PRIORITY (as of syslog) among them; a name may be
/// there more than once.
using JournalFields = std::vector<std::pair<std::string, std::string>>;

std::string journal_datagram(const JournalFields& fields);

void write_journal(const std::filesystem::path& socket, const JournalFields& fields);

} // namespace kpatch
