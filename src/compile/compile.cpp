// SPDX-License-Identifier: GPL-2.0-or-later
//
// The recorded command of a unit is run with three changes. The source tree's path is
// replaced, which also replaces it in -fmacro-prefix-map=TREE/=, so __FILE__ reads
// "fs/proc/meminfo.c" as in the shipped kernel whatever the tree's path is. The object
// goes to the run's own directory. And -g0 follows: debug information is more than half
// of the compiler's output, holds paths, and takes no part in the code.
//
// The compiler's temporary files go there too, so that nothing of a killed one remains.
//
// objtool works in place and exits 0 even when it gave up half way, so anything it says
// is taken for a failure.
#include "compile/compile.h"

#include "base/error.h"
#include "base/files.h"
#include "compile/file_names.h"
#include "compile/own_sections.h"
#include "kernel/objtool.h"

#include <algorithm>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

fs::path dependency_list(const fs::path& object) {
  return fs::path(object) += ".d";
}

void add_debug_options(const CompileJob& job, std::vector<std::string>& argv) {
  if (!job.with_debug) {
    argv.emplace_back("-g0");
    return;
  }
  argv.push_back("-fdebug-prefix-map=" + job.source_tree.string() + "/=");
  const auto is_asked_for = [](const std::string& word) {
    return word.starts_with("-g");
  };
  if (std::ranges::none_of(argv, is_asked_for)) // CONFIG_DEBUG_INFO_NONE
    argv.emplace_back("-g");
}

/// Without what says what is to be made.
Command compiler_start(const Workshop& shop, const CompileJob& job) {
  Command command{.directory = job.build_tree,
                  .environment = {{"LC_ALL", "C"}, {"TMPDIR", shop.work.string()}}};
  const std::string tree = job.source_tree.string();
  command.argv = shop.launcher;
  for (const std::string& word : job.command.compiler)
    command.argv.push_back(replaced(word, kSourceMark, tree));
  command.argv.insert(command.argv.end(), job.command.for_patch.begin(),
                      job.command.for_patch.end());
  if (!shop.author_headers.empty()) {
    command.argv.push_back("-I" + shop.author_headers.string());
    command.argv.push_back("-fmacro-prefix-map=" + shop.author_headers.string() + "/=");
  }
  return command;
}

fs::path assembly_of(const CompileJob& job) {
  return fs::path(job.object) += ".s";
}

/// Whether something about the compiler's assembly has to be changed.
bool is_edited(const Workshop& shop, const CompileJob& job) {
  return !shop.taken_apart.empty() || names_files(job.command.compiler);
}

Command compiler_command(const Workshop& shop, const CompileJob& job) {
  const bool is_whole = !is_edited(shop, job);
  Command command = compiler_start(shop, job);
  add_debug_options(job, command.argv);
  for (const std::string& word :
       {std::string("-fdiagnostics-color=never"), std::string("-MD"), std::string("-MF"),
        dependency_list(job.object).string(), std::string(is_whole ? "-c" : "-S"),
        std::string("-o"), (is_whole ? job.object : assembly_of(job)).string(),
        job.source_tree.string() + "/" + job.command.unit})
    command.argv.push_back(word);
  return command;
}

/// Makes the object of the compiler's assembly, with a section for each function and
/// names of files that say nothing of the place of the tree.
Outcome assemble_edited(const Workshop& shop, const CompileJob& job) {
  const fs::path assembly = assembly_of(job);
  std::string text = read_text(assembly);
  if (!shop.taken_apart.empty())
    text = with_own_sections(text, shop.taken_apart);
  if (names_files(job.command.compiler))
    text = with_relative_names(text, job.source_tree.string());
  write_file(assembly, text);
  Command command = compiler_start(shop, job);
  add_debug_options(job, command.argv); // else -g would be the assembler's
  for (const std::string& word :
       {std::string("-c"), std::string("-o"), job.object.string(), assembly.string()})
    command.argv.push_back(word);
  return shop.log.run(command);
}

/// The words after "target:" of a list as -MD writes it.
std::vector<std::string> parse_dependencies(std::string_view text, const fs::path& base) {
  std::vector<std::string> paths;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty() && !word.ends_with(':'))
      paths.push_back((base / word).native());
    word.clear();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char following = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\\' && (following == ' ' || following == '#'))
      word += text[++at];
    else if (c == '$' && following == '$')
      word += text[++at];
    else if (c == ' ' || c == '\n' || c == '\t' || (c == '\\' && following == '\n'))
      end_word();
    else
      word += c;
  }
  end_word();
  return paths;
}

void run_objtool(const Workshop& shop, const CompileJob& job) {
  if (job.command.objtool.empty())
    return;
  Command command{.argv = job.command.objtool, .directory = job.build_tree};
  command.argv.push_back(job.object.string());
  if (command.argv[0].find('/') != std::string::npos)
    command.argv[0] = (job.build_tree / command.argv[0]).lexically_normal().string();
  const Outcome outcome = shop.log.run(command);
  if (outcome.ok() && outcome.errors.empty() && outcome.output.empty())
    return;
  fail_with_remedy(kernel::objtool_remedy(command.argv[0]),
                   "{}: objtool does not accept the object (exit status {}):\n{}{}",
                   job.command.unit, outcome.status, outcome.output, outcome.errors);
}

} // namespace

std::string preprocessed(const Workshop& shop, const CompileJob& job) {
  Command command = compiler_start(shop, job);
  for (const std::string& word :
       {std::string("-E"), std::string("-D__GENKSYMS__"), std::string("-o"),
        job.object.string(), (job.source_tree / job.command.unit).string()})
    command.argv.push_back(word);
  return shop.log.run(command).ok() ? read_text(job.object) : std::string();
}

std::optional<std::vector<std::string>> files_read(const Workshop& shop,
                                                   const CompileJob& job) {
  const fs::path list = dependency_list(job.object);
  Command command = compiler_start(shop, job);
  for (const std::string& word : {std::string("-M"), std::string("-MF"), list.string(),
                                  (job.source_tree / job.command.unit).string()})
    command.argv.push_back(word);
  if (!shop.log.run(command).ok())
    return std::nullopt;
  return parse_dependencies(read_text(list), job.build_tree);
}

Compiled compile(const Workshop& shop, const CompileJob& job) {
  fs::create_directories(job.object.parent_path());
  Outcome outcome = shop.log.run(compiler_command(shop, job));
  if (outcome.ok() && is_edited(shop, job))
    outcome = assemble_edited(shop, job);
  Compiled result;
  result.ok = outcome.ok();
  result.messages = replaced(replaced(outcome.errors, job.source_tree.string() + "/", ""),
                             shop.target.source.string() + "/", "");
  while (result.messages.ends_with('\n'))
    result.messages.pop_back();
  if (!result.ok) {
    fs::remove(job.object);
    return result;
  }
  result.dependencies =
      parse_dependencies(read_text(dependency_list(job.object)), job.build_tree);
  run_objtool(shop, job);
  return result;
}

} // namespace kpatch::compile
