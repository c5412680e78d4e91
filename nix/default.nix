# Everything that the flake offers for one system.
{ pkgs, self }:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) isx86_64;

  programs = import ./programs.nix { inherit pkgs; };
  # For `drawtext` and subtitles.
  fonts = pkgs.makeFontsConf { fontDirectories = [ pkgs.dejavu_fonts.minimal ]; };
  image = import ./images/image.nix {
    inherit pkgs fonts;
    inherit (programs) worker;
    revision = self.rev or self.dirtyRev or "unknown";
  };
  cpu = import ./images/cpu.nix { inherit pkgs; };
  nvidia = import ./images/nvidia.nix { inherit pkgs; };
in
{
  packages = {
    inherit (programs) ffbatch worker;
    default = programs.ffbatch;
    image-cpu = image cpu;
  }
  # The computes with graphics cards have processors of this kind.
  // lib.optionalAttrs isx86_64 { image-nvidia = image nvidia; };

  unfree = image (import ./images/unfree.nix { inherit pkgs; });

  checks = {
    inherit (programs) ffbatch worker;
    image-cpu = image cpu;
    ffmpeg-cpu = import ./features.nix {
      inherit pkgs fonts;
      inherit (cpu) ffmpeg;
    };
  }
  // lib.optionalAttrs isx86_64 { image-nvidia = image nvidia; };

  shell = pkgs.mkShell {
    packages = [
      pkgs.cargo
      pkgs.cargo-nextest
      pkgs.clippy
      pkgs.git
      pkgs.python3
      pkgs.rustc
      pkgs.rustfmt
      cpu.ffmpeg
    ];
  };
}
