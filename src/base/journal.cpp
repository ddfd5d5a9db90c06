// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/journal.h"

#include "base/endian.h"
#include "base/files.h"

#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

namespace kpatch {

namespace {

bool send_datagram(const std::filesystem::path& to, const std::string& datagram) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (to.native().size() >= sizeof(address.sun_path))
    return false;
  to.native().copy(address.sun_path, to.native().size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  const ssize_t sent =
      sendto(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(fd);
  return sent >= 0;
}

std::string value_of(const JournalFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields)
    if (key == name)
      return value;
  return {};
}

void write_syslog(const JournalFields& fields) {
  const std::string priority = value_of(fields, "PRIORITY");
  openlog("kpatch", LOG_PID, LOG_DAEMON);
  syslog(priority.empty() ? LOG_NOTICE : std::atoi(priority.c_str()), "%s",
         value_of(fields, "MESSAGE").c_str());
}

} // namespace

std::string journal_datagram(const JournalFields& fields) {
  std::string datagram;
  for (const auto& [name, value] : fields) {
    if (value.find('\n') == std::string::npos) {
      datagram += name + '=' + value + '\n';
      continue;
    }
    Bytes length(sizeof(std::uint64_t));
    store<std::uint64_t>(length, 0, value.size(), std::endian::little);
    datagram += name + '\n';
    datagram.append(length.begin(), length.end());
    datagram += value + '\n';
  }
  return datagram;
}

void write_journal(const std::filesystem::path& socket, const JournalFields& fields) {
  if (!send_datagram(socket, journal_datagram(fields)))
    write_syslog(fields);
}

} // namespace kpatch
