// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs programs with posix_spawn-like care: the child gets its own process group (so that
// a time-out ends all it started), standard input from a string, and both outputs through
// pipes that are drained together, so that neither side can block the other.
//
// A child of fork() begins with a copy of our page tables. A build that holds some
// hundred megabytes and starts thousands of programs would spend most of its time on
// these. Ours shares our memory until it executes the program, and the thread that starts
// it waits so long, which is what posix_spawn does; that has no way to set the parent's
// death signal.
#include "base/process.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/run_limited.h"
#include "base/text.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace kpatch {
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Both ends of a pipe; an end is -1 once closed.
struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      fail("no pipe can be made: {}", std::strerror(errno));
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  static void close_end(int& end) {
    if (end >= 0)
      close(end);
    end = -1;
  }
};

std::vector<std::string>
merged_environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    if (!changes.contains(std::string(text.substr(0, text.find('=')))))
      result.emplace_back(text);
  }
  for (const auto& [name, value] : changes)
    result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings)
    pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// What the child needs; made before it is there, since it may only make system calls.
struct ChildSetup {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* directory;
  int input, output, errors; ///< descriptors to become 0, 1, 2; -1 leaves them
  int failure;               ///< where errno is reported if exec fails
  sigset_t mask;             ///< signals that are blocked here
};

/// A handler of ours would run in the child, but on our memory.
void forget_handlers() {
  struct sigaction action {};
  for (int number = 1; number < NSIG; ++number)
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN &&
        action.sa_handler != SIG_DFL)
      signal(number, SIG_DFL);
}

int become_child(void* argument) {
  const ChildSetup& setup = *static_cast<const ChildSetup*>(argument);
  forget_handlers();
  sigprocmask(SIG_SETMASK, &setup.mask, nullptr);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_DFL);
  bool ready = true;
  if (setup.input >= 0)
    ready = ready && dup2(setup.input, 0) >= 0;
  if (setup.output >= 0)
    ready = ready && dup2(setup.output, 1) >= 0;
  if (setup.errors >= 0)
    ready = ready && dup2(setup.errors, 2) >= 0;
  if (ready && *setup.directory)
    ready = chdir(setup.directory) == 0;
  if (ready)
    execve(setup.program, setup.argv, setup.environment);
  const int reason = errno;
  [[maybe_unused]] const ssize_t done = write(setup.failure, &reason, sizeof reason);
  _exit(127);
}

/// Gives the child's number once it executes the program or has failed to; -1: there is
/// none, and errno says why.
pid_t start_child(ChildSetup& setup) {
  constexpr std::size_t kStackSize = std::size_t{64} << 10;
  const std::unique_ptr<char[]> stack(new char[kStackSize]);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &setup.mask);
  const pid_t child = clone(become_child, stack.get() + kStackSize,
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &setup);
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &setup.mask, nullptr);
  errno = reason;
  return child;
}

struct Pipes {
  Pipe in, out, err;
  Pipe failure; ///< closed by a successful exec, else carries its errno
};

/// Moves bytes between us and the child until it has closed both outputs or time is up.
class Conversation {
 public:
  Conversation(Pipes& pipes, const std::string& input, std::size_t limit,
               Outcome& outcome)
      : in_(pipes.in), out_(pipes.out), err_(pipes.err), input_(input), limit_(limit),
        outcome_(outcome) {
    fcntl(in_.write_end, F_SETFL, O_NONBLOCK);
  }

  bool is_too_much() const { return outcome_.output.size() > limit_; }

  /// False if the deadline passed, or the limit of output, first.
  bool hold(double timeout_seconds) {
    const auto start = Clock::now();
    while (out_.read_end >= 0 || err_.read_end >= 0) {
      int wait = -1;
      if (timeout_seconds > 0) {
        const double used = seconds_since(start);
        if (used >= timeout_seconds)
          return false;
        wait = static_cast<int>((timeout_seconds - used) * 1000) + 1;
      }
      step(wait);
      if (is_too_much())
        return false;
    }
    return true;
  }

 private:
  void step(int wait_milliseconds) {
    if (written_ == input_.size())
      Pipe::close_end(in_.write_end);
    pollfd watched[3] = {{in_.write_end, POLLOUT, 0},
                         {out_.read_end, POLLIN, 0},
                         {err_.read_end, POLLIN, 0}};
    if (poll(watched, 3, wait_milliseconds) <= 0)
      return;
    if (watched[0].revents)
      feed();
    if (watched[1].revents)
      drain(out_.read_end, outcome_.output);
    if (watched[2].revents)
      drain(err_.read_end, outcome_.errors);
  }

  void feed() {
    const ssize_t done =
        write(in_.write_end, input_.data() + written_, input_.size() - written_);
    if (done > 0)
      written_ += static_cast<std::size_t>(done);
    else if (errno != EAGAIN && errno != EINTR)
      written_ = input_.size(); // the child does not want it
  }

  static void drain(int& end, std::string& into) {
    char buffer[65536];
    const ssize_t got = read(end, buffer, sizeof buffer);
    if (got > 0)
      into.append(buffer, static_cast<std::size_t>(got));
    else if (got == 0 || errno != EINTR)
      Pipe::close_end(end);
  }

  Pipe& in_;
  Pipe& out_;
  Pipe& err_;
  const std::string& input_;
  std::size_t limit_;
  Outcome& outcome_;
  std::size_t written_ = 0;
};

/// Until the child has ended, which its descriptor tells without collecting it. A kernel
/// without such descriptors (before 5.3) is asked as often.
void watch_to_end(pid_t child, const Command& command, Clock::time_point began) {
  constexpr int kMilliseconds = 100;
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) ==
             0 &&
         ended.si_pid == 0) {
    command.watch(child, seconds_since(began));
    pollfd watched{descriptor, POLLIN, 0};
    poll(&watched, 1, kMilliseconds);
  }
  if (descriptor >= 0)
    close(descriptor);
}

void collect_status(pid_t child, Outcome& outcome) {
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  outcome.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  outcome.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Starts the program; throws Error if it cannot be. Output that is to be shown has no
/// pipe: the child inherits ours, and only its end tells that it has said everything.
pid_t start(const Command& command, Pipes& pipes) {
  const fs::path program = find_program(command.argv.at(0));
  if (program.empty())
    fail("{}: no such program in PATH", command.argv[0]);
  const std::vector<std::string> environment = merged_environment(command.environment);
  const std::vector<char*> argv = c_strings(command.argv);
  const std::vector<char*> envp = c_strings(environment);
  const std::string directory = command.directory.string();
  if (command.show_output)
    for (Pipe* pipe : {&pipes.out, &pipes.err}) {
      Pipe::close_end(pipe->read_end);
      Pipe::close_end(pipe->write_end);
    }
  ChildSetup setup{program.c_str(),
                   argv.data(),
                   envp.data(),
                   directory.c_str(),
                   pipes.in.read_end,
                   pipes.out.write_end,
                   pipes.err.write_end,
                   pipes.failure.write_end,
                   {}};
  const pid_t child = start_child(setup);
  if (child < 0)
    fail("{}: cannot be started: {}", command.argv[0], std::strerror(errno));
  setpgid(child, child); // whichever of the two is first

  Pipe::close_end(pipes.in.read_end);
  Pipe::close_end(pipes.out.write_end);
  Pipe::close_end(pipes.err.write_end);
  Pipe::close_end(pipes.failure.write_end);
  int reason = 0;
  if (read(pipes.failure.read_end, &reason, sizeof reason) == sizeof reason) {
    Outcome ignored;
    collect_status(child, ignored);
    fail("{}: cannot be started: {}", command.argv[0], std::strerror(reason));
  }
  return child;
}

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

Outcome run_up_to(const Command& command, std::size_t limit) {
  throw_if_interrupted();
  debug("run{}: {}", command.directory.empty() ? "" : " in " + command.directory.string(),
        quoted(command.argv));
  const auto began = Clock::now();
  Pipes pipes;
  const pid_t child = start(command, pipes);
  const InterruptibleGroup group(child);
  Outcome outcome;
  Conversation conversation(pipes, command.input, limit, outcome);
  if (!conversation.hold(command.timeout_seconds)) {
    outcome.timed_out = !conversation.is_too_much();
    kill(-child, SIGKILL);
  }
  Pipe::close_end(pipes.in.write_end);
  if (command.watch)
    watch_to_end(child, command, began);
  collect_status(child, outcome);
  outcome.wall_seconds = seconds_since(began);
  debug_output(outcome.output);
  debug_output(outcome.errors);
  throw_if_interrupted();
  return outcome;
}

/// The standard output; throws Error unless the program has exited 0.
std::string output_of(const Command& command, Outcome outcome) {
  if (outcome.ok())
    return std::move(outcome.output);
  std::string said = outcome.errors.empty() ? outcome.output : outcome.errors;
  constexpr std::size_t kQuoted = 2000;
  if (said.size() > kQuoted)
    said = "..." + said.substr(said.size() - kQuoted);
  fail("{}: {}{}{}", command.argv[0],
       outcome.timed_out ? std::string("timed out")
                         : fmt::format("exit status {}", outcome.status),
       said.empty() ? "" : "\n", said);
}

} // namespace

Outcome run(const Command& command) {
  return run_up_to(command, kNoLimit);
}

std::string run_checked(const Command& command) {
  return output_of(command, run(command));
}

std::string run_limited(const Command& command, std::size_t limit) {
  Outcome outcome = run_up_to(command, limit);
  if (outcome.output.size() > limit)
    fail("{}: it holds more than {} MiB", quoted(command.argv), limit >> 20);
  return output_of(command, std::move(outcome));
}

std::string quoted(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& argument : argv) {
    if (!line.empty())
      line += ' ';
    const bool plain = !argument.empty() && is_plain(argument, "-_=+./,:@%");
    if (plain) {
      line += argument;
      continue;
    }
    line += '\'';
    for (const char c : argument)
      line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

fs::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return access(name.c_str(), X_OK) == 0 ? fs::path(name) : fs::path();
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/bin:/bin";
  while (true) {
    const std::size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    std::error_code ignored;
    if (access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate, ignored))
      return candidate;
    if (colon == std::string_view::npos)
      return {};
    rest.remove_prefix(colon + 1);
  }
}

} // namespace kpatch
