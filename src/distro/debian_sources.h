// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/apt.h"
#include "distro/debian_archive.h"
#include "kernel/target.h"

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

/// Where a kernel comes from, whatever release the machine has; null if its name does not
/// say.
std::shared_ptr<ReleaseArchive> archive_of_release(const std::string& kernel,
                                                   const std::filesystem::path& cache,
                                                   const kernel::TargetRequest& request);

/// The version of the kernel's source package that `wanted` means: "newest", an upstream
/// version ("6.12.117"), or a whole one. Only those that were made for the same
/// release as `present` count ("~deb12u1", "~bpo13+1"). Empty: none of `served` is meant.
std::string newer_source_version(const std::vector<std::string>& served,
                                 const std::string& present, const std::string& wanted);

/// The source tree of a later version in the kernel's series, as `wanted` says; in the
/// cache. Throws Error naming what is served if there is none.
std::filesystem::path debian_newer_source(const kernel::TargetRequest& request,
                                          const kernel::Target& target,
                                          const std::string& wanted);

/// Unpacks the tree that is in a linux-source package.
void unpack_linux_source(const std::filesystem::path& package,
                         const std::filesystem::path& into, const Live& live = {});

} // namespace kpatch::distro
