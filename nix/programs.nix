# The programs, from this checkout and its lock file. Their tests want real services around them and run elsewhere (`make test`).
{ pkgs }:
let
  inherit (pkgs) lib;
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);

  # What cargo reads: other files may change, and nothing is built again.
  source = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions (
      [
        ../Cargo.toml
        ../Cargo.lock
      ]
      ++ map (member: ../. + "/${member}") manifest.workspace.members
    );
  };

  build =
    name: description: packages:
    pkgs.rustPlatform.buildRustPackage {
      pname = name;
      inherit (manifest.workspace.package) version;
      src = source;
      cargoLock.lockFile = ../Cargo.lock;
      cargoBuildFlags = lib.concatMap (package: [
        "-p"
        package
      ]) packages;
      doCheck = false;
      meta = {
        inherit description;
        mainProgram = name;
        license = lib.licenses.asl20;
      };
    };
in
{
  # What a container starts, and the program that stands beside it.
  worker = build "ffbatch-worker" "The program that runs one job in its container" [
    "ffbatch-worker"
    "ffbatch-traces"
  ];

  # The command line, with the programs that it looks for beside itself.
  ffbatch = build "ffbatch" "Any ffmpeg command as a managed job" [
    "ffbatch"
    "ffbatch-worker"
    "ffbatch-traces"
  ];
}
