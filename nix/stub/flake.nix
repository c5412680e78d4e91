{
  description = "A stand-in for nixpkgs, for checks without a network: see default.nix";

  outputs =
    { self }:
    {
      lib = import ./lib.nix;
      legacyPackages = (import ./lib.nix).genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: import self { inherit system; }
      );
    };
}
