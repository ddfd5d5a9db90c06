// SPDX-License-Identifier: GPL-2.0-or-later
//
// Debian makes kernels with further patches from one source package, a feature set each;
// "rt" is the only one today. The binary package linux-source-* has the plain source. The
// patches are in the source package only, in its Debian part: debian/patches-<set>/ with
// a file `series` that names them in their order, in the manner of quilt(1).
#include "distro/feature_set.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "distro/debian_archive.h"
#include "distro/package_unpack.h"

#include <sstream>
#include <vector>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

struct SeriesEntry {
  std::string patch;
  std::string strip = "-p1"; ///< how many folders of its file names are dropped
};

/// A patch a line; what follows '#' is a remark.
std::vector<SeriesEntry> read_series(const fs::path& file) {
  std::vector<SeriesEntry> series;
  const std::string text = read_text(file);
  for (const std::string_view line : lines_of(text)) {
    std::istringstream words{std::string(line.substr(0, line.find('#')))};
    SeriesEntry entry;
    if (words >> entry.patch) {
      words >> entry.strip;
      series.push_back(entry);
    }
  }
  return series;
}

std::string wrong_file(const fs::path& packaging) {
  return fmt::format("see that it is of the source's version, or delete it to have it "
                     "fetched again: {}",
                     packaging.string());
}

} // namespace

std::string feature_set_of(std::string_view common_headers) {
  constexpr std::string_view kMark = "-common-";
  const std::size_t at = common_headers.rfind(kMark);
  return at == std::string_view::npos
             ? std::string()
             : std::string(common_headers.substr(at + kMark.size()));
}

void take_headers(const fs::path& package, const fs::path& source) {
  const TempDir unpacked(".headers-", source);
  unpack_deb(package, unpacked.path());
  for (const fs::directory_entry& tree :
       fs::directory_iterator(unpacked.path() / "usr/src"))
    for (const char* part : {"include", "arch"})
      if (fs::exists(tree.path() / part))
        fs::copy(tree.path() / part, source / part,
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

void apply_feature_set(const fs::path& packaging, const std::string& name,
                       const fs::path& source) {
  const TempDir unpacked(".packaging-", source);
  run_unpacker({"tar", "--no-same-owner", "-xf", packaging.string(), "-C",
                unpacked.path().string()},
               packaging);
  const fs::path patches = unpacked.path() / "debian" / ("patches-" + name);
  if (!fs::exists(patches / "series"))
    fail_with_remedy(wrong_file(packaging), "{}: contains no debian/patches-{}/series",
                     packaging.string(), name);
  for (const SeriesEntry& entry : read_series(patches / "series")) {
    const Outcome outcome =
        run({.argv = {"patch", "--directory", source.string(), "--input",
                      (patches / entry.patch).string(), "--force", "--silent", "--fuzz=0",
                      "--no-backup-if-mismatch", entry.strip}});
    if (!outcome.ok())
      fail_with_remedy(wrong_file(packaging), "{}: {} does not apply to the source\n{}{}",
                       packaging.string(), entry.patch, outcome.output, outcome.errors);
  }
}

} // namespace kpatch::distro
