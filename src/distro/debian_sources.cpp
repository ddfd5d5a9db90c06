// SPDX-License-Identifier: GPL-2.0-or-later
//
// Most machines know archives of binary packages only ("deb" and not "deb-src" in their
// lists). An archive serves both, with one signature. So apt is given lists of its own:
// those of the machine, turned to sources, with a state of their own in a directory that
// goes afterwards. What else the machine has set up for apt stays as it is: keys,
// mirrors, proxies. Only the archive that matters is asked; others may be slow, or out of
// reach.
#include "distro/debian_sources.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "distro/apt.h"
#include "distro/package_unpack.h"

#include <algorithm>
#include <vector>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kBlank = " \t\n";

/// Takes the text up to and including `separator` from the front of `text`.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::string_view taken =
      text.substr(0, std::min(text.size(), text.find(separator)));
  text.remove_prefix(std::min(text.size(), taken.size() + separator.size()));
  return taken;
}

bool is_blank(char c) {
  return kBlank.find(c) != std::string_view::npos;
}

bool lies_below(std::string_view uri, std::string_view root) {
  return uri.starts_with(root) &&
         (root.ends_with('/') || uri.substr(root.size()).starts_with('/'));
}

/// Whether a word of the entry is an address that `uri` lies below.
bool serves(std::string_view entry, std::string_view uri) {
  while (!entry.empty()) {
    entry.remove_prefix(std::min(entry.size(), entry.find_first_not_of(kBlank)));
    const std::string_view word = entry.substr(0, entry.find_first_of(kBlank));
    if (word.find(":/") != std::string_view::npos && lies_below(uri, word))
      return true;
    entry.remove_prefix(word.size());
  }
  return uri.empty();
}

/// "deb-src ..." for the line "deb ..."; empty for any other.
std::string source_line(std::string_view line) {
  constexpr std::string_view kType = "deb";
  const bool is_entry = line.starts_with(kType) && line.size() > kType.size() &&
                        (is_blank(line[kType.size()]) || line[kType.size()] == '[');
  if (!is_entry)
    return {};
  return fmt::format("deb-src{}\n", line.substr(kType.size()));
}

std::string source_paragraph(std::string_view paragraph) {
  constexpr std::string_view kTypes = "Types:";
  std::string text;
  while (!paragraph.empty()) {
    const std::string_view line = take_until(paragraph, "\n");
    text += line.starts_with(kTypes) ? "Types: deb-src" : line;
    text += '\n';
  }
  return text + '\n';
}

/// Where the binary package is downloaded from; empty if apt does not say.
std::string uri_of(const Apt& apt, const std::string& package) {
  const Outcome outcome =
      run(apt.command({"apt-get", "download", "--print-uris", package}));
  // 'URI' file-name size sum
  std::string_view text = outcome.output;
  take_until(text, "'");
  return std::string(take_until(text, "'"));
}

/// A setting of apt's that names a file or directory, such as "Dir::Etc::sourcelist/f".
fs::path apt_path(const Apt& apt, const std::string& setting) {
  // KPATCH='/etc/apt/sources.list'
  const std::string output =
      run_checked(apt.command({"apt-config", "shell", "KPATCH", setting}));
  std::string_view text = output;
  take_until(text, "'");
  return std::string(take_until(text, "'"));
}

/// Writes the lists for sources; false if there is no entry.
bool write_lists(const Apt& apt, std::string_view uri, const fs::path& directory) {
  std::vector<fs::path> lists = {apt_path(apt, "Dir::Etc::sourcelist/f")};
  if (const fs::path parts = apt_path(apt, "Dir::Etc::sourceparts/d");
      fs::is_directory(parts))
    for (const fs::directory_entry& entry : fs::directory_iterator(parts))
      lists.push_back(entry.path());
  bool has_entry = false;
  for (const fs::path& list : lists) {
    const bool has_paragraphs = list.extension() == ".sources";
    const auto text = read_text_if_exists(list);
    if (!text || (!has_paragraphs && list.extension() != ".list"))
      continue;
    const std::string sources = source_list(
        *text, has_paragraphs ? ListStyle::kParagraphs : ListStyle::kLines, uri);
    has_entry = has_entry || !sources.empty();
    write_file(directory / list.filename(), sources);
  }
  return has_entry;
}

} // namespace

std::string source_list(std::string_view text, ListStyle style, std::string_view uri) {
  const bool has_lines = style == ListStyle::kLines;
  std::string sources;
  while (!text.empty()) {
    const std::string_view entry = take_until(text, has_lines ? "\n" : "\n\n");
    if (serves(entry, uri))
      sources += has_lines ? source_line(entry) : source_paragraph(entry);
  }
  return sources;
}

void download_source(const Apt& apt, const SourcePackage& source, SourceParts parts,
                     const std::string& beside, const fs::path& into) {
  const TempDir state("kpatch-apt.");
  for (const char* directory : {"parts", "lists/partial", "cache/archives/partial"})
    fs::create_directories(state.path() / directory);
  // Where a list names mirrors, no address in it is that of the package.
  if (!write_lists(apt, uri_of(apt, beside), state.path() / "parts"))
    write_lists(apt, "", state.path() / "parts");

  const auto option = [&](const char* name, const fs::path& value) {
    return fmt::format("-oDir::{}={}", name, value.string());
  };
  std::vector<std::string> own = apt.command({"apt-get"}).argv;
  own.insert(own.end(),
             {
                 "-q",
                 option("Etc::sourcelist", "/dev/null"),
                 option("Etc::sourceparts", state.path() / "parts"),
                 option("State::lists", state.path() / "lists"),
                 option("Cache", state.path() / "cache"),
                 option("Cache::archives", state.path() / "cache/archives"),
                 option("Cache::pkgcache", state.path() / "cache/pkgcache.bin"),
             });
  std::vector<std::string> update = own;
  update.emplace_back("update");
  const std::string messages = run(distro::apt(update)).errors;

  std::vector<std::string> fetch = own;
  fetch.insert(fetch.end(), {"source", "--download-only"});
  if (parts == SourceParts::kPackaging)
    fetch.emplace_back("--diff-only");
  fetch.push_back(source.name + "=" + source.version);
  Command command = distro::apt(fetch);
  command.directory = into;
  const Outcome outcome = run(command);
  if (!outcome.ok())
    fail_with_remedy("if the archive has dropped it, take it from snapshot.debian.org or "
                     "launchpad.net and give the unpacked tree with -s",
                     "{}={}: its source is not served{}", source.name, source.version,
                     errors_in(messages + outcome.errors));
}

void unpack_linux_source(const fs::path& package, const fs::path& into,
                         const Live& live) {
  const TempDir outer(".outer-", into);
  unpack_deb(package, outer.path(), live);
  fs::path archive;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(outer.path() / "usr/src"))
    if (entry.path().filename().string().find(".tar.") != std::string::npos)
      archive = entry.path();
  if (archive.empty())
    fail("{} holds no source archive", package.string());
  run_unpacker({"tar", "--no-same-owner", "--strip-components=1", "-xf", archive.string(),
                "-C", into.string()},
               archive, live);
}

} // namespace kpatch::distro
