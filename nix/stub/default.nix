# A stand-in for nixpkgs, with which the flake is evaluated and built where nixpkgs cannot be had. It has just what the flake uses, and
# refuses whatever nixpkgs would refuse of it: names of packages and of options that are none. What it builds is no release: ffmpeg and the
# programs are files that `scripts/test-images.sh` puts beside this file (bin/), and whatever they need is this machine's.
{ system, config ? { } }:
let
  lib = import ./lib.nix;
  # Each file by itself: a package changes with its own files alone.
  file = name: builtins.path { path = ./bin + "/${name}"; };
  isX86 = system == "x86_64-linux";

  # A derivation that runs a script in the sandbox, with the programs of this machine that the sandbox lets in.
  run =
    name: attributes: script:
    let
      meta = attributes.meta or { };
      passthru = attributes.passthru or { };
      inputs = attributes.nativeBuildInputs or [ ];
    in
    derivation ((attributes.env or { }) // {
      inherit name system;
      builder = "/bin/sh";
      args = [
        "-eu"
        "-c"
        ''
          export PATH=${lib.concatStringsSep ":" (map (input: "${input}/bin") inputs)}:/usr/bin:/bin HOME=/tmp
          ${script}
        ''
      ];
    })
    // passthru
    // {
      inherit meta passthru;
    };

  # Files of this machine as a package; of another system there are none, so that it can be evaluated and not built.
  package =
    {
      pname,
      version,
      meta ? { },
    }:
    programs:
    run "${pname}-${version}" { inherit meta; } (
      if isX86 then
        ''
          mkdir -p $out/bin
          ${lib.concatStringsSep "\n" (map (name: "cp ${file name} $out/bin/${name}") programs)}
        ''
      else
        ''
          echo "the stand-in has programs of x86_64-linux alone" >&2
          exit 1
        ''
    )
    // {
      inherit pname version;
    };

  # The options of ffmpeg in nixpkgs (pkgs/development/libraries/ffmpeg/generic.nix) that we may name.
  known = [
    "withCuda"
    "withCudaLLVM"
    "withFdkAac"
    "withNpp"
    "withNvcodec"
    "withSvtav1"
    "withUnfree"
    "withVmaf"
  ];

  ffmpeg =
    options:
    let
      unknown = builtins.filter (name: !builtins.elem name known) (builtins.attrNames options);
      unfree = options.withUnfree or false;
      contradicts = (options.withCuda or false) && !(options.withNvcodec or false);
    in
    if unknown != [ ] then
      throw "ffmpeg has no option `${builtins.head unknown}` (known here: ${lib.concatStringsSep ", " known})"
    else if contradicts then
      throw "withCuda needs withNvcodec"
    else if unfree && !(config.allowUnfree or false) then
      throw "an unfree ffmpeg is refused (set config.allowUnfree)"
    else
      package {
        pname = "ffmpeg-headless";
        version = "8-stand-in";
      } [ "ffmpeg" ]
      // {
        override = more: ffmpeg (options // more);
      };

  dockerTools = import ./docker-tools.nix { inherit run system; };
in
{
  inherit lib dockerTools;
  stdenv.hostPlatform = {
    inherit system;
    isx86_64 = isX86;
  };

  runCommand = run;
  runtimeShell = "/bin/sh";

  ffmpeg_8-headless = ffmpeg { };

  rustPlatform.buildRustPackage =
    {
      pname,
      version,
      src,
      cargoLock,
      cargoBuildFlags,
      doCheck,
      meta,
    }:
    let
      # What cargo would leave of these packages.
      programs = {
        "ffbatch" = "ffbatch";
        "ffbatch-traces" = "ffbatch-traces-export";
        "ffbatch-worker" = "ffbatch-worker";
      };
      packages = builtins.filter (flag: flag != "-p") cargoBuildFlags;
    in
    # The lock and the sources are read, as the real one reads them.
    # Tests of ours want real services, which no sandbox has.
    assert !doCheck;
    assert builtins.pathExists cargoLock.lockFile && builtins.pathExists (src + "/Cargo.toml");
    package { inherit pname version meta; } (map (name: programs.${name}) packages);

  cacert = run "cacert-stand-in" { } ''
    mkdir -p $out/etc/ssl/certs
    cp ${file "ca-bundle.crt"} $out/etc/ssl/certs/ca-bundle.crt
  '';

  dejavu_fonts.minimal = run "fonts-stand-in" { } ''
    mkdir -p $out/share/fonts
    cp ${file "DroidSansMono.ttf"} $out/share/fonts/DroidSansMono.ttf
  '';

  makeFontsConf =
    { fontDirectories }:
    run "fonts.conf" { } ''
      {
        echo '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        for directory in ${lib.concatStringsSep " " (map toString fontDirectories)}; do
          echo "<dir>$directory</dir>"
        done
        echo '<cachedir prefix="xdg">fontconfig</cachedir></fontconfig>'
      } > $out
    '';

  mkShell = { packages }: run "shell" { nativeBuildInputs = packages; } "mkdir $out";

  cargo = run "cargo-stand-in" { } "mkdir $out";
  cargo-nextest = run "cargo-nextest-stand-in" { } "mkdir $out";
  clippy = run "clippy-stand-in" { } "mkdir $out";
  git = run "git-stand-in" { } "mkdir $out";
  nixfmt = run "nixfmt-stand-in" { } "mkdir $out";
  python3 = run "python3-stand-in" { } "mkdir $out";
  rustc = run "rustc-stand-in" { } "mkdir $out";
  rustfmt = run "rustfmt-stand-in" { } "mkdir $out";
}
