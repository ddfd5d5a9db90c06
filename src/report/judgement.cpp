// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/judgement.h"

#include "report/json_text.h"

#include <fmt/format.h>

namespace kpatch::report {

std::string judgement_text(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems,
                           const std::optional<elf::ModuleSignature>& signature) {
  std::string text;
  for (const Problem& problem : problems)
    text += fmt::format("{}: {}: {} [{}]\n  {}\n", module, problem.symbol,
                        problem.message, problem.code, problem.remedy);
  if (signature && signature->damage.empty())
    text +=
        fmt::format("{}: {}{}\n", module, signature->is_present ? "signed" : "not signed",
                    signature->signer.empty() ? "" : " by " + signature->signer);
  return text + (problems.empty()
                     ? fmt::format("{}: nothing found against loading it into {}\n",
                                   module, release)
                     : fmt::format("{}: {} reason(s) not to load it into {}\n", module,
                                   problems.size(), release));
}

std::string judgement_json(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems,
                           const std::optional<elf::ModuleSignature>& signature) {
  Json json = json_head("kpatch-verify");
  json.update({{"module", module}, {"kernel", release}, {"problems", Json::array()}});
  if (signature)
    json["signature"] = {{"signed", signature->is_present},
                         {"sound", signature->damage.empty()},
                         {"signer", signature->signer}};
  for (const Problem& problem : problems)
    json["problems"].push_back({{"code", problem.code},
                                {"symbol", problem.symbol},
                                {"message", problem.message},
                                {"remedy", problem.remedy}});
  return json_file(json);
}

} // namespace kpatch::report
