// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/input_digests.h"

#include "base/sha256.h"
#include "klp/backend.h"
#include "klp/module_link.h"
#include "patch/series.h"

#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

std::string file_digest(const fs::path& file) {
  Sha256 hash;
  hash.add(read_bytes(file));
  return hash.finish();
}

void add_file(BuildResult& result, const char* role, const std::string& name,
              const fs::path& file) {
  if (fs::is_regular_file(file))
    result.inputs.push_back({role, name, file_digest(file)});
}

void add_patches(BuildResult& result, const BuildOptions& options) {
  for (const fs::path& series : options.series)
    for (const patch::SeriesEntry& entry : patch::read_series(series))
      result.inputs.push_back({"patch", entry.name, sha256(entry.text)});
  for (const fs::path& patch : options.patches)
    add_file(result, "patch", fs::absolute(patch), patch);
}

} // namespace

void note_inputs(BuildResult& result, const BuildOptions& options,
                 const kernel::Target& target) {
  result.inputs.clear();
  add_patches(result, options);
  add_file(result, "image", target.image.filename(), target.image);
  add_file(result, "configuration", "config", target.config_file);
  add_file(result, "exports", "Module.symvers", target.symvers);
  std::set<std::string> units;
  for (const UnitResult& unit : result.units)
    if (unit.outcome == UnitOutcome::kChanged && units.insert(unit.unit).second)
      add_file(result, "source", unit.unit, target.source / unit.unit);
  for (const std::string_view file : klp::hook_files(kernel::patched_by(target)))
    add_file(result, "hook", std::string(file), options.hook_sources / file);
  for (const std::string_view file : klp::kModuleFrame)
    add_file(result, "hook", std::string(file), options.hook_sources / file);
}

} // namespace kpatch::produce
