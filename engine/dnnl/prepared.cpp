#include "engine/dnnl/prepared.h"

#include "engine/dnnl/detail.h"

namespace lehr::onednn {

const dnnl::engine& cpu() {
  hold();
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

namespace {
const dnnl::stream& stream() {
  thread_local const dnnl::stream s(cpu());
  return s;
}

// One execution: everything the call needs, at addresses that do not move.
struct Call {
  dnnl::primitive primitive;
  dnnl::stream stream;
  std::vector<dnnl::memory> memories;
  std::vector<dnnl_exec_arg_t> arguments;
  void operator()() const {
    const auto status = dnnl_primitive_execute(primitive.get(), stream.get(), static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success) throw Error("oneDNN refused to run a primitive, status ", static_cast<int>(status)).code(Exit::failed);
  }
};
}  // namespace

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

Prepared prepare(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc, std::vector<Argument> arguments) {
  Prepared out;
  out.impl = desc.impl_info_str();
  const auto scratch = desc.scratchpad_desc();
  out.scratchpad = scratch.get_size();
  for (const Argument& a : arguments) out.layouts.emplace_back(std::make_shared<const Layout::Desc>(Layout::Desc{a.desc}));
  out.bind = [primitive, arguments = std::move(arguments), scratch](const std::vector<void*>& addresses, void* scratchpad) {
    auto call = std::make_shared<Call>();
    call->primitive = primitive;
    call->stream = stream();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      call->memories.emplace_back(arguments[i].desc, cpu(), addresses.at(i));
      call->arguments.push_back({arguments[i].arg, call->memories.back().get()});
    }
    if (scratch.get_size() > 0) {
      call->memories.emplace_back(scratch, cpu(), scratchpad);
      call->arguments.push_back({DNNL_ARG_SCRATCHPAD, call->memories.back().get()});
    }
    return std::function<void()>([call] { (*call)(); });
  };
  return out;
}

std::string version() {
  const dnnl_version_t* v = dnnl_version();
  return cat(v->major, ".", v->minor, ".", v->patch);
}

std::string isa() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41: return "sse41";
    case dnnl::cpu_isa::avx: return "avx";
    case dnnl::cpu_isa::avx2: return "avx2";
    case dnnl::cpu_isa::avx2_vnni: return "avx2_vnni";
    case dnnl::cpu_isa::avx512_core: return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni: return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16: return "avx512_core_bf16";
    default: return "newer than avx512_core_bf16";
  }
}

}  // namespace lehr::onednn
