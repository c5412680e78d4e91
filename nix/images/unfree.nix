# With the Fraunhofer FDK AAC encoder and NVIDIA's performance primitives. Their licences do not agree with the GPL's: this image is for
# whoever builds it, and must not be handed on.
{ pkgs }:
let
  nvidia = import ./nvidia.nix { inherit pkgs; };
in
nvidia
// {
  flavour = "unfree";
  licenses = "LicenseRef-not-redistributable";
  ffmpeg = nvidia.ffmpeg.override {
    withUnfree = true;
    withFdkAac = true;
    withNpp = true;
  };
}
