#include "experiments/store/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace lehr::store {

namespace fs = std::filesystem;

namespace {
// Locks of one process do not exclude each other: who holds which file within it.
std::mutex own_mutex;
std::set<std::pair<dev_t, ino_t>> own;

std::string host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "?";
}

struct flock whole(short type) {
  struct flock l {};
  l.l_type = type, l.l_whence = SEEK_SET;
  return l;
}

std::string said(int fd) {
  char text[512];
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  std::string out(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!out.empty() && (out.back() == '\n' || out.back() == '\0')) out.pop_back();
  return out;
}
}  // namespace

Lock::Lock(const fs::path& folder) : file_(folder / name) {
  const auto failed = [&](const char* what) { return Error(what, " ", quote(folder.string()), ": ", std::strerror(errno)).code(Exit::failed); };
  const auto taken = [&](const std::string& by) {
    return Error("another run writes into the folder ", quote(folder.string()), by.empty() ? "" : cat(" (", printable(by), ")"),
                 ": --out DIR writes elsewhere; `lehr resume` goes on with a run that was stopped");
  };
  const std::lock_guard guard(own_mutex);
  for (int tries = 0; tries < 100; ++tries) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) throw failed("cannot write into the folder");
    struct stat held {}, there {};
    ::fstat(fd_, &held);
    if (own.contains({held.st_dev, held.st_ino})) throw taken("this process");  // the descriptor stays: closing it would free the lock
    struct flock lock = whole(F_WRLCK);
    if (::fcntl(fd_, F_SETLK, &lock) != 0) {
      if (errno != EACCES && errno != EAGAIN) {
        const Error error = failed("cannot lock the folder");
        ::close(fd_);
        throw error;
      }
      struct flock by = whole(F_WRLCK);
      const bool known = ::fcntl(fd_, F_GETLK, &by) == 0 && by.l_type != F_UNLCK && by.l_pid > 0;
      const std::string text = said(fd_);
      ::close(fd_);
      throw taken(known && (text.empty() || text.starts_with(cat("process ", by.l_pid, " "))) ? text.empty() ? cat("process ", by.l_pid) : text
                  : known                                                                    ? cat("process ", by.l_pid, " on ", host())
                                                                                             : text);
    }
    // The holder before us may have removed the file between our open and our lock.
    if (::stat(file_.c_str(), &there) == 0 && there.st_ino == held.st_ino && there.st_dev == held.st_dev) {
      own.insert({held.st_dev, held.st_ino});
      const std::string text = cat("process ", ::getpid(), " on ", host(), "\n");
      if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) < 0) {
        // It only tells; the lock holds without.
      }
      return;
    }
    ::close(fd_);
  }
  throw Error("cannot lock the folder ", quote(folder.string()), ": its lock file keeps changing").code(Exit::failed);
}

Lock::~Lock() {
  const std::lock_guard guard(own_mutex);
  struct stat held {};
  ::fstat(fd_, &held);
  own.erase({held.st_dev, held.st_ino});
  ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace lehr::store
