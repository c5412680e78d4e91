# The same with NVENC, NVDEC and CUDA filters that need nothing unfree to build. The driver's libraries come from the host: its container
# runtime puts them where Debian or Red Hat would.
{ pkgs }:
let
  cpu = import ./cpu.nix { inherit pkgs; };
in
cpu
// {
  flavour = "nvidia";
  ffmpeg = cpu.ffmpeg.override {
    withNvcodec = true;
    withCuda = true;
    withCudaLLVM = true;
  };
  environment = {
    LD_LIBRARY_PATH = "/usr/lib/x86_64-linux-gnu:/usr/lib64";
    NVIDIA_DRIVER_CAPABILITIES = "compute,utility,video";
    NVIDIA_VISIBLE_DEVICES = "all";
  };
}
