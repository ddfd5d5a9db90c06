// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/apt.h"
#include "distro/debian_archive.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::distro {

/// Where a list of package archives has them: one a line (sources.list(5),
/// "One-Line-Style Format") or as paragraphs of fields ("DEB822-Style Format").
enum class ListStyle { kLines, kParagraphs };

/// The list of package archives `text` with source packages in the place of binary ones.
/// Only entries that `uri` lies below; all entries if it is empty.
std::string source_list(std::string_view text, ListStyle style, std::string_view uri);

enum class SourceParts {
  kAll,
  kPackaging, ///< only what the distribution has added to the original source
};

/// Has apt download a source package into a directory, which needs no deb-src line in the
/// lists of `apt`: the archive that serves the binary package `beside` ("name=version")
/// is asked. Throws Error if it does not serve the source.
void download_source(const Apt& apt, const SourcePackage& source, SourceParts parts,
                     const std::string& beside, const std::filesystem::path& into);

} // namespace kpatch::distro
