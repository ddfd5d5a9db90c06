// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module that says it fixes something silences scanners and people, so it must not say
// so of a patch that is in it only in part. The keys are those of modinfo(8), `cve`,
// `url` and `fixes` besides.
#include "produce/module_claims.h"

#include "base/error.h"

#include <algorithm>
#include <set>

namespace kpatch::produce {

namespace {

/// Some file of it is part of this kernel.
bool takes_part(const patch::PatchFile& patch,
                const std::vector<patch::LeftOut>& left_out) {
  return std::ranges::any_of(patch.changes, [&](const patch::FileChange& change) {
    return std::ranges::none_of(left_out, [&](const patch::LeftOut& out) {
      return out.path == change.new_path || out.path == change.old_path;
    });
  });
}

} // namespace

std::string checked_line(std::string_view option, const std::string& text) {
  constexpr std::size_t kLongest = 1000;
  if (text.empty() || text.size() > kLongest ||
      std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    fail_with_remedy("give one line of text, without control characters",
                     "{}: a module can carry 1 to {} characters of text in one line",
                     option, kLongest);
  return text;
}

elf::ModuleInfo module_info(const Claims& wanted,
                            const std::vector<patch::PatchFile>& whole,
                            const std::vector<patch::LeftOut>& left_out) {
  std::set<std::string> cves(wanted.cves.begin(), wanted.cves.end());
  std::vector<std::string> tags;
  if (wanted.reads_texts)
    for (const patch::PatchFile& patch : whole)
      if (takes_part(patch, left_out)) {
        cves.insert(patch.fixes.begin(), patch.fixes.end());
        for (const std::string& tag : patch.tags)
          if (std::ranges::find(tags, tag) == tags.end())
            tags.push_back(tag);
      }
  elf::ModuleInfo info;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty())
      info.emplace_back(key, value);
  };
  add("description", wanted.description);
  add("version", wanted.version);
  add("author", wanted.author);
  add("url", wanted.url);
  for (const std::string& id : cves)
    add("cve", id);
  for (const std::string& tag : tags)
    add("fixes", tag);
  return info;
}

} // namespace kpatch::produce
