// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/run_tool.h"
#include "elf/object.h"
#include "klp/convert.h"

#include <argp.h>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace {

struct Arguments {
  bool is_debug = false;
  bool keeps_arch_sections = false;
  const char* files[2] = {nullptr, nullptr};
};

error_t parse_argument(int key, char* text, argp_state* state) {
  auto& arguments = *static_cast<Arguments*>(state->input);
  switch (key) {
  case 'd': arguments.is_debug = true; return 0;
  case 'n': arguments.keeps_arch_sections = true; return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num >= 2)
      argp_usage(state);
    arguments.files[state->arg_num] = text;
    return 0;
  case ARGP_KEY_END:
    if (state->arg_num < 2)
      argp_usage(state);
    return 0;
  default: return ARGP_ERR_UNKNOWN;
  }
}

constexpr argp_option kOptions[] = {
    {"debug", 'd', nullptr, 0, "Show debug output", 0},
    {"no-klp-arch-sections", 'n', nullptr, 0,
     "Leave .altinstructions and .parainstructions where they are (kernel 5.8 and later)",
     0},
    {}};

constexpr argp kParser = {kOptions,
                          parse_argument,
                          "input.ko output.ko",
                          "Turn a linked module with intermediate sections into a "
                          "livepatch module",
                          nullptr,
                          nullptr,
                          nullptr};

std::optional<std::uint64_t> size_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (!text)
    return std::nullopt;
  const std::string_view digits(text);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size())
    kpatch::fail("{}: '{}' is not a decimal number", name, digits);
  return value;
}

int convert(const Arguments& arguments) {
  kpatch::elf::Object module = kpatch::elf::read_object(arguments.files[0]);
  kpatch::klp::convert_to_livepatch(
      module, {.klp_arch_sections = !arguments.keeps_arch_sections,
               .paravirt_site_size = size_from_environment("PARA_STRUCT_SIZE")});
  kpatch::debug("{}: {} livepatch relocation sections", module.label,
                module.livepatch.size());
  kpatch::write_file(arguments.files[1], kpatch::elf::write_object(module), 0664);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  argp_parse(&kParser, argc, argv, 0, nullptr, &arguments);
  if (arguments.is_debug)
    kpatch::set_log_level(kpatch::LogLevel::kDebug);
  return kpatch::run_tool("create-klp-module: ERROR: ",
                          [&] { return convert(arguments); });
}
