// SPDX-License-Identifier: GPL-2.0-or-later
//
// Only kbuild knows with which options a unit is compiled: they come from the top
// Makefile, the configuration, the directory's Makefile and the object's own CFLAGS_x.o.
// So kbuild is asked once, in a private copy of the prepared tree (it may generate
// headers on the way, and two runs must not meet): it does all but the compiling, and
// what it recorded is kept. A further build of the unit needs no kbuild, which takes
// longer than the compiler.
//
// -ffunction-sections and -fdata-sections are what a live patch needs: every function and
// variable in a section of its own can be compared, and moved, by itself.
#include "compile/unit_command.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/module_name.h"
#include "base/parallel.h"
#include "base/process.h"
#include "cache/layout.h"
#include "compile/compile.h"
#include "compile/launcher.h"
#include "kernel/kbuild.h"
#include "kernel/module_folders.h"
#include "kernel/objtool.h"
#include "kernel/recorded_command.h"
#include "patch/patch_dialect.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

std::string with_extension(const std::string& unit, std::string_view extension) {
  return unit.substr(0, unit.rfind('.')) + std::string(extension);
}

std::string normal(const std::string& path) {
  return fs::path(path).lexically_normal();
}

/// kbuild's own name of the record: fs/proc/.meminfo.o.cmd.
fs::path record_of(const std::string& unit) {
  const fs::path object = with_extension(unit, ".o");
  return object.parent_path() / ("." + object.filename().native() + ".cmd");
}

/// Replaces the source tree's path wherever it stands as a whole path or the head of one.
/// It is relative (`..`) if the objects are in a folder of the source, and empty if they
/// are beside it.
std::string with_source_marked(const std::string& word, const std::string& tree) {
  if (tree.empty())
    return word;
  const bool is_relative = tree.front() != '/';
  std::string result;
  std::size_t from = 0;
  for (std::size_t at = word.find(tree); at != std::string::npos;
       at = word.find(tree, at + 1)) {
    const std::size_t end = at + tree.size();
    if (at < from || (end < word.size() && word[end] != '/') ||
        (is_relative && at > 0 && (word[at - 1] == '/' || word[at - 1] == '.')))
      continue;
    result += word.substr(from, at - from);
    result += kSourceMark;
    from = end;
  }
  return result + word.substr(from);
}

bool lists_dependencies(const std::string& word) {
  return word.starts_with("-Wp,-MMD,") || word.starts_with("-Wp,-MD,");
}

/// The compiler's words without those that name the source, the object and the
/// dependency list.
std::vector<std::string> compiler_words(const std::vector<std::string>& recorded,
                                        const std::string& source,
                                        const std::string& tree) {
  std::vector<std::string> words;
  for (std::size_t i = is_launcher(recorded[0]) ? 1 : 0; i < recorded.size(); ++i) {
    if (recorded[i] == "-o")
      ++i;
    else if (recorded[i] != "-c" && recorded[i] != source &&
             !lists_dependencies(recorded[i]))
      words.push_back(with_source_marked(recorded[i], tree));
  }
  return words;
}

/// With the slash at its end.
std::string folder_part(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// How kbuild names a unit from the top of its tree on. It is by detours that it comes to
/// a unit of another folder, and __FILE__ tells: arch/x86/kvm/../../../virt/kvm/x.c. In
/// the view of a patch that way may lead out of it, so that the unit is compiled by its
/// own name.
std::string way_to(const std::string& unit, const std::string& source,
                   const std::string& tree) {
  if (tree.empty())
    return source;
  return source.starts_with(tree + "/") ? source.substr(tree.size() + 1) : unit;
}

bool is_generated_source(const fs::path& file) {
  const fs::path extension = file.extension();
  const bool hidden = file.filename().native().starts_with('.');
  return !hidden && (extension == ".h" || extension == ".c" || extension == ".inc");
}

/// What kbuild has generated in the private tree and the prepared one does not have.
std::vector<fs::path> generated_files(const fs::path& built, const fs::path& prepared) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(built)) {
    const fs::path path = entry.path().lexically_relative(built);
    if (entry.is_regular_file() && is_generated_source(path) &&
        !fs::exists(prepared / path))
      files.push_back(path);
  }
  return files;
}

fs::path generated_of(const fs::path& kept, const std::string& unit) {
  return kept / "generated" / with_extension(unit, "");
}

struct Attempt {
  kernel::HostTools tools;
  kernel::UnitsGoal goal;
};

/// From the cheapest on: host tools take seconds to make, and an object is only made
/// where a makefile needs one to generate a header of.
constexpr Attempt kAttempts[] = {
    {kernel::HostTools::kAsPacked, kernel::UnitsGoal::kRecords},
    {kernel::HostTools::kBuild, kernel::UnitsGoal::kRecords},
    {kernel::HostTools::kBuild, kernel::UnitsGoal::kObjects},
};

/// Has kbuild write its records of the units in `objects`; returns what it complains
/// about.
std::string run_kbuild(const Workshop& shop, const fs::path& source,
                       const fs::path& objects, kernel::UnitGroup group) {
  Outcome outcome;
  for (const Attempt& attempt : kAttempts) {
    Command make{.argv = kernel::kbuild_units_command(source, objects, group,
                                                      attempt.tools, attempt.goal),
                 .environment = kernel::kbuild_environment()};
    make.environment["TMPDIR"] = shop.work.string();
    make.argv.insert(make.argv.end(), shop.target.make_variables.begin(),
                     shop.target.make_variables.end());
    make.argv.emplace_back(kernel::kSectionsByMake);
    make.argv.emplace_back("-k"); // one unit that it cannot make is not all of them
    make.argv.push_back("-j" + std::to_string(shop.jobs));
    outcome = shop.log.run(make);
    std::erase_if(group.units, [&](const std::string& unit) {
      return fs::exists(objects / record_of(unit));
    });
    if (group.units.empty())
      break;
  }
  return outcome.errors;
}

/// The folder below which a module's makefile stands: "arch/x86/kvm" for kvm.ko.
fs::path folder_of(const kernel::Target& target, const std::string& owner) {
  const auto module = target.modules.find(owner);
  if (module == target.modules.end())
    return {};
  const std::string path = module->second.shipped.parent_path().string();
  const std::string_view mark = "/kernel/";
  const std::size_t at = path.find(mark, path.find("/lib/modules/"));
  return at == std::string::npos ? fs::path() : fs::path(path.substr(at + mark.size()));
}

/// Whose makefile knows the unit: that of the module it is compiled for, if the unit does
/// not lie below it.
fs::path makefile_folder(const kernel::Target& target, const std::string& unit) {
  for (const std::string& owner : target.units.owners(unit)) {
    const fs::path folder = folder_of(target, owner);
    if (!folder.empty() && *fs::path(unit).lexically_relative(folder).begin() == "..")
      return folder;
  }
  return ".";
}

std::vector<kernel::UnitGroup> grouped(const kernel::Target& target,
                                       const std::vector<std::string>& units) {
  std::map<fs::path, std::vector<std::string>> folders;
  for (const std::string& unit : units)
    folders[makefile_folder(target, unit)].push_back(unit);
  // The names go through one argument of make, which must not exceed 128 KiB.
  constexpr std::size_t kMostUnits = 1000;
  std::vector<kernel::UnitGroup> groups;
  for (const auto& [folder, members] : folders)
    for (std::size_t at = 0; at < members.size(); at += kMostUnits)
      groups.push_back({folder,
                        {members.begin() + static_cast<std::ptrdiff_t>(at),
                         members.begin() + static_cast<std::ptrdiff_t>(std::min(
                                               at + kMostUnits, members.size()))}});
  return groups;
}

/// Whether a finished build has recorded all that it did.
bool is_built(const kernel::Target& target, const std::string& unit) {
  return !target.records.empty() && fs::exists(target.records / record_of(unit)) &&
         !kernel::runs_objtool_apart(target.kbuild_tree());
}

UnitCommand command_of_build(const kernel::Target& target, const std::string& unit) {
  UnitCommand command =
      parse_unit_command(read_text(target.records / record_of(unit)), unit);
  for (const std::string_view flag : kSectionFlags)
    command.compiler.emplace_back(flag);
  return command;
}

/// Those of the `generated` files that the unit reads. One call of kbuild serves all
/// units, and what it generated for another one is none of this unit's business. All of
/// them if the compiler cannot tell.
std::vector<fs::path> read_by(const Workshop& shop, const CompileJob& job,
                              const std::vector<fs::path>& generated) {
  const std::optional<std::vector<std::string>> read = files_read(shop, job);
  if (!read)
    return generated;
  std::set<fs::path> names;
  for (const std::string& file : *read)
    names.insert(fs::weakly_canonical(file).lexically_relative(job.build_tree));
  std::vector<fs::path> own;
  std::ranges::copy_if(generated, std::back_inserter(own),
                       [&](const fs::path& file) { return names.contains(file); });
  return own;
}

/// A private copy of the prepared tree in which kbuild has recorded units.
struct RecordedTree {
  fs::path source;
  fs::path built;
  std::vector<fs::path> generated;
};

/// Keeps the record of the unit and the files that were generated for it.
void keep_record(const Workshop& shop, const RecordedTree& tree, const fs::path& kept,
                 const std::string& unit) {
  const std::optional<std::string> text =
      read_text_if_exists(tree.built / record_of(unit));
  if (!text)
    return;
  const fs::path record = kept / record_of(unit);
  fs::create_directories(record.parent_path());
  if (!tree.generated.empty()) {
    const UnitCommand command = parse_unit_command(*text, unit);
    const CompileJob job{.command = command,
                         .source_tree = tree.source,
                         .build_tree = tree.built,
                         .object = (tree.built / unit).replace_extension(".kpatch")};
    for (const fs::path& path : read_by(shop, job, tree.generated)) {
      const fs::path copy = generated_of(kept, unit) / path;
      fs::create_directories(copy.parent_path());
      write_file(copy, read_text(tree.built / path));
    }
  }
  write_file(record, *text);
}

/// Has kbuild say how it makes the objects and keeps its records of those it can make.
/// Returns what it complained about.
std::string record(const Workshop& shop, const fs::path& source, const fs::path& kept,
                   const std::vector<std::string>& units) {
  const TempDir copy("kbuild.", shop.work);
  fs::copy(fs::canonical(shop.target.objects), copy.path(),
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  kernel::add_units_makefile(copy.path());
  std::string errors;
  for (const kernel::UnitGroup& group : grouped(shop.target, units))
    errors += run_kbuild(shop, source, copy.path(), group);
  const fs::path built = fs::canonical(copy.path());
  const RecordedTree tree{source, built, generated_files(built, shop.target.objects)};
  for_each_in_parallel(units.size(), shop.jobs,
                       [&](std::size_t i) { keep_record(shop, tree, kept, units[i]); });
  return errors;
}

/// The same for units that the patch adds to modules from elsewhere: kbuild is started
/// for each folder of a copy of the patched source.
std::string record_added_to_modules(const Workshop& shop, const fs::path& kept,
                                    const std::vector<std::string>& units) {
  const TempDir place("kbuild.", shop.work);
  const fs::path copy = place.path() / "tree";
  fs::copy(shop.added.patched_tree, copy, fs::copy_options::recursive);
  const auto is_missing = [&](const std::string& unit) {
    return !fs::exists(copy / record_of(unit));
  };
  std::string errors;
  for (const std::string_view goal : {kernel::kRecordOnly, std::string_view("-k")})
    if (std::ranges::any_of(units, is_missing))
      for (const fs::path& folder : kernel::module_folders(shop.target)) {
        Command make{.argv = kernel::module_command(shop.target,
                                                    (copy / folder).lexically_normal()),
                     .environment = kernel::kbuild_environment()};
        make.environment["TMPDIR"] = shop.work.string();
        for (const std::string_view word :
             {goal, std::string_view("-k"), std::string_view("modules")})
          make.argv.emplace_back(word);
        errors = shop.log.run(make).errors;
      }
  for (const std::string& unit : units) {
    if (is_missing(unit))
      continue;
    fs::create_directories((kept / record_of(unit)).parent_path());
    write_file(kept / record_of(unit), read_text(copy / record_of(unit)));
  }
  return errors;
}

/// For kernels whose build leaves objtool to the link of vmlinux and of each module: the
/// unit's object never sees that link. (A module of one object is that link, and recorded
/// with arguments for it.)
std::vector<std::string> objtool_before_link(const kernel::Target& target,
                                             const std::string& unit) {
  std::vector<std::string> words = kernel::objtool_arguments(target.config);
  words.insert(words.begin(), kernel::objtool_program(target.objects).string());
  if (std::ranges::any_of(target.units.owners(unit),
                          [](const std::string& owner) { return owner != kVmlinux; }))
    words.emplace_back("--module");
  return words;
}

} // namespace

UnitCommand parse_unit_command(std::string_view cmd_file, const std::string& unit) {
  const kernel::RecordedCommand recorded =
      kernel::parse_recorded_command(cmd_file, record_of(unit).native());
  // A unit of another folder is named by the way there:
  // arch/x86/kvm/../../../virt/kvm/x.c.
  const std::string source = normal(recorded.source);
  if (source != unit && !source.ends_with("/" + unit))
    fail("{}: kbuild makes its object from {}", unit, recorded.source);
  const std::string tree =
      source == unit ? "" : source.substr(0, source.size() - unit.size() - 1);

  UnitCommand command{.unit = unit};
  command.compiler = compiler_words(recorded.programs[0], recorded.source, tree);
  if (tree.empty()) // __FILE__ was relative because the source's name was
    command.compiler.push_back(fmt::format("-fmacro-prefix-map={}/=", kSourceMark));
  if (const std::string way = way_to(unit, recorded.source, tree); way != unit)
    command.compiler.push_back(fmt::format("-fmacro-prefix-map={}/{}={}", kSourceMark,
                                           folder_part(unit), folder_part(way)));
  for (std::size_t i = 1; i < recorded.programs.size(); ++i) {
    std::vector<std::string> words = recorded.programs[i];
    if (fs::path(words[0]).filename() != "objtool" || !command.objtool.empty())
      fail("{}: the kernel's build runs '{}' on its object, which is not known here",
           unit, quoted(words));
    const std::string object = with_extension(unit, ".o");
    if (normal(words.back()) != object && !words.back().ends_with("/" + object))
      fail("{}: objtool is run on '{}' instead of its object", unit, words.back());
    words.pop_back();
    command.objtool = std::move(words);
  }
  return command;
}

namespace {

/// Commands of units that only this patch has are of no use to other builds.
struct RecordPlaces {
  fs::path kept;
  fs::path of_added;

  const fs::path& of(const Workshop& shop, const std::string& unit) const {
    return shop.added.units.contains(unit) ? of_added : kept;
  }
};

RecordPlaces record_places(const Workshop& shop) {
  return {shop.source_may_change ? shop.work / cache::kCommands
                                 : shop.kept(cache::kCommands),
          shop.work / "commands-added"};
}

/// The command as it was recorded. `complaints`: of kbuild, if it was asked just now.
UnitCommand known_command(const Workshop& shop, const fs::path& kept,
                          const std::string& unit, const std::string& complaints) {
  UnitCommand command;
  if (is_built(shop.target, unit))
    command = command_of_build(shop.target, unit);
  else if (const auto text = read_text_if_exists(kept / record_of(unit)))
    command = parse_unit_command(*text, unit);
  else
    fail("{}: the kernel's own build does not make an object of it\n{}", unit,
         complaints);
  if (const arch::Arch* machine = arch::find_arch(shop.target.machine))
    command.for_patch = machine->patch_options(command.compiler);
  if (kernel::delays_objtool(shop.target.source, shop.target.config))
    command.objtool = objtool_before_link(shop.target, unit);
  if (const fs::path generated = generated_of(kept, unit); fs::exists(generated))
    command.generated = generated;
  return command;
}

/// The units whose names mean nothing to make and to shells, which get them unquoted; the
/// others are failures.
std::vector<std::string> with_plain_names(std::span<const std::string> units,
                                          std::vector<UnitFailure>& failures) {
  std::vector<std::string> plain;
  for (const std::string& unit : units)
    if (patch::is_plain_name(unit))
      plain.push_back(unit);
    else
      failures.push_back(
          {unit,
           Error("its name has characters that make or a shell may read as something "
                 "else; only letters, digits and _ + . , / - are taken")});
  return plain;
}

} // namespace

std::vector<UnitCommand> unit_commands(const Workshop& shop,
                                       std::span<const std::string> wanted,
                                       std::vector<UnitFailure>& failures) {
  const std::vector<std::string> units = with_plain_names(wanted, failures);
  const RecordPlaces places = record_places(shop);
  std::vector<std::string> missing;
  std::vector<std::string> added;
  for (const std::string& unit : units)
    if (!fs::exists(places.of(shop, unit) / record_of(unit)) &&
        !is_built(shop.target, unit))
      (shop.added.units.contains(unit) ? added : missing).push_back(unit);
  std::string complaints;
  if (!missing.empty())
    complaints += record(shop, shop.target.kbuild_tree(), places.kept, missing);
  if (!added.empty())
    complaints += kernel::is_out_of_tree(shop.target)
                      ? record_added_to_modules(shop, places.of_added, added)
                      : record(shop, shop.added.patched_tree, places.of_added, added);

  std::vector<UnitCommand> commands;
  for (const std::string& unit : units) {
    try {
      commands.push_back(known_command(shop, places.of(shop, unit), unit, complaints));
    } catch (const Error& error) {
      failures.push_back({unit, error});
    }
  }
  return commands;
}

UnitCommand unit_command(const Workshop& shop, const std::string& unit) {
  std::vector<UnitFailure> failures;
  std::vector<UnitCommand> commands = unit_commands(shop, {&unit, 1}, failures);
  if (!failures.empty())
    throw failures[0].error;
  return std::move(commands[0]);
}

} // namespace kpatch::compile
