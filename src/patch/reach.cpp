// SPDX-License-Identifier: GPL-2.0-or-later
//
// A changed header takes three looks: does it mean anything else than before, who reads
// it, and who of these uses what is changed. Only then is something compiled.
//
// A header that differs in comments only is put back: units that need compiling for other
// reasons then read it as it was, with its line numbers.
#include "patch/reach.h"

#include "base/files.h"
#include "cache/record.h"
#include "patch/brought_files.h"
#include "patch/c_lexer.h"
#include "patch/header_reach.h"

#include <algorithm>
#include <set>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

std::string text_at(const fs::path& root, const std::string& path) {
  return read_text_if_exists(root / path).value_or("");
}

/// "../x.h" from a directory of links leads into the pristine tree.
void own_including_directories(const IncludeIndex& includes, IncludeIndex::FileId header,
                               PatchedView& view) {
  const fs::path path = includes.path(header);
  if (std::ranges::find(path, "include") != path.end())
    return; // found by way of -I
  for (const IncludeIndex::FileId file : includes.including(header)) {
    const fs::path directory = fs::path(includes.path(file)).parent_path();
    if (*directory.begin() == *path.begin() &&
        fs::is_directory(view.pristine() / directory))
      view.own_directory(directory.native());
  }
}

/// Sources below arch/ that neither vmlinux nor a module is made of: boot code, the vDSO,
/// and what the configuration leaves out.
kernel::UnitIndex sources_beyond(const kernel::Target& target) {
  std::set<fs::path> folders;
  for (const auto& [unit, owners] : target.units.all())
    if (const fs::path path = unit; *path.begin() == "arch")
      folders.insert(*path.begin() / *std::next(path.begin()));
  kernel::UnitIndex beyond;
  for (const fs::path& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(target.source / folder)) {
      const std::string path = entry.path().lexically_relative(target.source);
      if (entry.is_regular_file() && path.ends_with(".c") &&
          target.units.owners(path).empty())
        beyond.add(path, "");
    }
  return beyond;
}

std::vector<std::string> users_beyond(const kernel::Target& target,
                                      std::vector<HeaderChange> changes, unsigned jobs) {
  const kernel::UnitIndex beyond = sources_beyond(target);
  const IncludeIndex includes = IncludeIndex::scan(target.source, target.objects, beyond);
  std::erase_if(changes,
                [&](const HeaderChange& change) { return !includes.find(change.path); });
  std::set<std::string> readers;
  for (const HeaderChange& change : changes)
    for (const IncludeIndex::FileId reader :
         includes.reaching(*includes.find(change.path)))
      if (beyond.all().contains(includes.path(reader)))
        readers.insert(includes.path(reader));
  const std::vector<std::string> all(readers.begin(), readers.end());
  return units_using(includes, {target.source, target.objects, jobs}, changes, all);
}

/// What changed headers may include that was not there before.
void add_new_files(std::vector<HeaderChange>& changes,
                   std::span<const TouchedFile> touched, const PatchedView& view) {
  for (const TouchedFile& file : touched)
    if (!file.was_there)
      changes.push_back({file.path, {}, text_at(view.root(), file.path)});
}

Problem used_by_assembly(const std::string& file) {
  return {.code = "KP1002",
          .object = file,
          .message = "assembly uses what the patch changes in a header",
          .remedy = "give the changed macro another name and use it in C files only"};
}

} // namespace

IncludeIndex includes_of(const kernel::Target& target, bool source_may_change) {
  const fs::path kept = target.cache / "includes";
  constexpr std::string_view kFormat = "includes-2";
  if (!source_may_change)
    if (const auto text = cache::read_record(kept, kFormat))
      return IncludeIndex::parse(*text, kept.string());
  IncludeIndex includes = IncludeIndex::scan(target.source, target.objects, target.units);
  if (!source_may_change)
    cache::write_record(kept, kFormat, includes.text());
  return includes;
}

HeadersLeftOut add_units_of_headers(Affected& affected, const IncludeIndex& includes,
                                    const kernel::Target& target, PatchedView& view,
                                    unsigned jobs) {
  HeadersLeftOut left_out;
  std::vector<HeaderChange> changes;
  std::set<std::string> readers;
  for (const std::string& header : affected.headers) {
    const HeaderChange change{header, text_at(view.pristine(), header),
                              text_at(view.root(), header)};
    if (view.has_file(header) && same_tokens(change.original, change.patched)) {
      view.restore_file(header);
      left_out.same.push_back(header);
      continue;
    }
    const IncludeIndex::FileId file = *includes.find(header);
    own_including_directories(includes, file, view);
    for (const IncludeIndex::FileId reader : includes.reaching(file))
      if (!target.units.owners(includes.path(reader)).empty())
        readers.insert(includes.path(reader));
    changes.push_back(change);
  }
  if (changes.empty())
    return left_out;
  add_new_files(changes, affected.to_be_included, view);
  const std::set<std::string> brought = files_brought(includes, changes);
  std::erase_if(affected.to_be_included,
                [&](const TouchedFile& file) { return brought.contains(file.path); });

  const std::vector<std::string> all(readers.begin(), readers.end());
  const SourceTrees trees{target.source, target.objects, jobs};
  std::set<std::string> candidates(affected.candidates.begin(),
                                   affected.candidates.end());
  const std::vector<std::string> users = units_using(includes, trees, changes, all);
  for (const std::string& unit : users)
    if (!unit.ends_with(".c"))
      affected.problems.push_back(used_by_assembly(unit));
    else if (std::ranges::find(affected.units, unit) == affected.units.end())
      candidates.insert(unit);
  affected.candidates.assign(candidates.begin(), candidates.end());
  if (users.empty()) {
    for (const HeaderChange& change : changes)
      if (includes.find(change.path) || brought.contains(change.path))
        left_out.unused.push_back(change.path);
    left_out.beyond = users_beyond(target, changes, jobs);
  }
  return left_out;
}

std::map<std::string, std::vector<std::string>>
headers_used(const IncludeIndex& includes, const kernel::Target& target,
             const PatchedView& view, std::span<const TouchedFile> touched,
             std::span<const std::string> units, unsigned jobs) {
  std::vector<IncludeIndex::FileId> ids;
  for (const std::string& unit : units)
    if (const auto id = includes.find(unit))
      ids.push_back(*id);
  const std::vector<bool> is_read = includes.closure(ids);
  std::vector<HeaderChange> changes;
  for (const TouchedFile& file : touched)
    if (const auto id = includes.find(file.path); id && is_read[*id])
      changes.push_back({file.path, text_at(view.pristine(), file.path),
                         text_at(view.root(), file.path)});
  const std::vector<HeaderChange> headers = changes;
  add_new_files(changes, touched, view);
  const SourceTrees trees{target.source, target.objects, jobs};
  auto used = headers_by_unit(includes, trees, changes, units);
  for (const std::string& unit : units) {
    const auto id = includes.find(unit);
    if (!id || used.contains(unit))
      continue;
    const std::vector<bool> read = includes.closure(*id);
    for (const HeaderChange& header : headers)
      if (read.at(*includes.find(header.path)))
        used[unit].push_back(header.path);
  }
  return used;
}

} // namespace kpatch::patch
