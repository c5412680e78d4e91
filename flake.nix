{
  description = "ffbatch: any ffmpeg command as a managed job, and the images that jobs start from";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      # Each is built on a machine of its own kind: a cross build of ffmpeg lacks encoders.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      ours = pkgs: import ./nix { inherit pkgs self; };
    in
    {
      packages = each (pkgs: (ours pkgs).packages);

      # With encoders whose licences forbid that anybody hands them on (see nix/images/unfree.nix); made by nobody but who asks for it.
      legacyPackages = each (pkgs: {
        image-unfree = (ours (import nixpkgs {
          inherit (pkgs.stdenv.hostPlatform) system;
          config.allowUnfree = true;
        })).unfree;
      });

      checks = each (pkgs: (ours pkgs).checks);

      apps = each (pkgs: {
        default = {
          type = "app";
          program = "${(ours pkgs).packages.ffbatch}/bin/ffbatch";
        };
      });

      devShells = each (pkgs: {
        default = (ours pkgs).shell;
      });

      formatter = each (pkgs: pkgs.nixfmt);
    };
}
