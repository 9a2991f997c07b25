#include <sys/stat.h>

#include <fstream>

#include "base/file.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
namespace fs = std::filesystem;

namespace {
using Entries = std::vector<std::pair<std::string, std::string>>;

onnx::ModelProto with_external(const Entries& entries) {
  onnx::ModelProto m = mlp();
  *m.mutable_graph()->mutable_initializer(W1) = external("W1", {4, 6}, entries);
  return m;
}

// model/ holds w.bin (8 bytes, then W1, then 4 bytes) and exact.bin (W1); outside.bin lies beside model/.
struct Layout : Folder {
  fs::path model = *this / "model";
  Layout() {
    fs::create_directories(model / "sub");
    write_file_lazily(model / "w.bin", std::string(8, '\7') + raw(values(24)) + "tail");
    write_file_lazily(model / "exact.bin", raw(values(24)));
    write_file_lazily(model / "sub" / "deep.bin", raw(values(24)));
    write_file_lazily(*this / "outside.bin", raw(values(24)));
  }
};
}  // namespace

TEST_CASE("external data are read from the folder of the model", "[onnx]") {
  const Layout at;
  fs::create_symlink("exact.bin", at.model / "link.bin");
  fs::create_symlink("sub", at.model / "linked");
  for (const Entries& entries : {Entries{{"location", "w.bin"}, {"offset", "8"}, {"length", "96"}}, Entries{{"location", "exact.bin"}},
                                 Entries{{"location", "./exact.bin"}, {"checksum", "0"}}, Entries{{"location", "sub/deep.bin"}},
                                 Entries{{"location", "link.bin"}}, Entries{{"location", "linked/deep.bin"}}}) {
    INFO(entries[0].second);
    CHECK(data(read(with_external(entries), at.model), "W1").floats() == values(24));
  }
  const fs::path linked_folder = at / "elsewhere";
  fs::create_directory_symlink(at.model, linked_folder);
  CHECK(data(read(with_external({{"location", "exact.bin"}}), linked_folder), "W1").floats() == values(24));
}

TEST_CASE("external data of Constant nodes", "[onnx]") {
  const Layout at;
  onnx::ModelProto m = mlp();
  *m.mutable_graph()->add_node() = constant("c", external("", {4, 6}, {{"location", "exact.bin"}}));
  CHECK(data(read(m, at.model), "c").floats() == values(24));
}

TEST_CASE("external data elsewhere are refused", "[onnx]") {
  const Layout at;
  const auto absolute = (at / "outside.bin").string();
  fs::create_symlink(absolute, at.model / "link.bin");
  fs::create_symlink(at.path(), at.model / "up");
  fs::create_symlink("loop", at.model / "loop");
  REQUIRE(::mkfifo((at.model / "fifo").c_str(), 0600) == 0);
  fs::create_hard_link(at / "outside.bin", at.model / "hard.bin");
  struct Row {
    Entries entries;
    std::string part;
  };
  const Row rows[] = {{{{"location", "../outside.bin"}}, "outside the folder"},
                      {{{"location", "sub/../../outside.bin"}}, "outside the folder"},
                      {{{"location", "sub/../exact.bin"}}, "outside the folder"},
                      {{{"location", absolute}}, "absolute"},
                      {{{"location", "/dev/zero"}}, "absolute"},
                      {{{"location", "link.bin"}}, "symbolic link"},
                      {{{"location", "up/outside.bin"}}, "symbolic link"},
                      {{{"location", "loop"}}, "'loop'"},
                      {{{"location", "fifo"}}, "not a regular file"},
                      {{{"location", "hard.bin"}}, "hard links"},
                      {{{"location", "sub"}}, "folder"},
                      {{{"location", "."}}, "folder"},
                      {{{"location", ""}}, "empty"},
                      {{}, "empty"},
                      {{{"location", std::string("exact.bin\0x", 11)}}, "NUL"},
                      {{{"location", "none.bin"}}, "'none.bin'"},
                      {{{"location", "exact.bin"}, {"offset", "-1"}}, "offset"},
                      {{{"location", "exact.bin"}, {"offset", "0x8"}}, "offset"},
                      {{{"location", "exact.bin"}, {"offset", "99999999999999999999"}}, "offset"},
                      {{{"location", "exact.bin"}, {"length", ""}}, "length"},
                      {{{"location", "exact.bin"}, {"length", "92"}}, "92"},
                      {{{"location", "w.bin"}, {"offset", "9223372036854775800"}, {"length", "96"}}, "9223372036854775800"},
                      {{{"location", "w.bin"}, {"offset", "16"}, {"length", "96"}}, "offset 16"},
                      {{{"location", "w.bin"}, {"offset", "8"}}, "100 bytes"},
                      {{{"location", "w.bin"}, {"location", "exact.bin"}}, "twice"},
                      {{{"location", "exact.bin"}, {"__class__", "x"}}, "'__class__'"}};
  for (const Row& row : rows) {
    const std::string text = failure(with_external(row.entries), at.model);
    INFO(row.part << " | " << text);
    CHECK(text.find("'W1'") != std::string::npos);
    CHECK(text.find(row.part) != std::string::npos);
  }
}

TEST_CASE("external data without a folder, with values of its own, larger than the memory", "[onnx]") {
  const Layout at;
  CHECK(failure(with_external({{"location", "exact.bin"}})).find("did not come from a file") != std::string::npos);
  onnx::ModelProto both = with_external({{"location", "exact.bin"}});
  both.mutable_graph()->mutable_initializer(W1)->set_raw_data(raw(values(24)));
  CHECK(failure(both, at.model).find("both external data") != std::string::npos);

  const std::uintmax_t huge = std::uintmax_t{1} << 42;
  std::ofstream(at.model / "huge.bin").close();
  std::error_code code;
  fs::resize_file(at.model / "huge.bin", huge, code);
  if (code) return;  // a file system without such files
  onnx::ModelProto m = mlp();
  *m.mutable_graph()->mutable_initializer(W1) = external("W1", {std::int64_t{1} << 40}, {{"location", "huge.bin"}});
  CHECK(failure(m, at.model).find("memory") != std::string::npos);
}

}  // namespace lehr
