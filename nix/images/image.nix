# An image that jobs start from: the worker as its first process, an ffmpeg, certificates and a font. No shell, nobody's root.
#
# Paths of the store that many others need lie in the lower layers. Nothing needs the worker, so it lies above them all: when only our code
# has changed, it is what is pulled again, with the small ones beside it.
{
  pkgs,
  fonts,
  worker,
  revision,
}:
{
  # The flavour, as computes name it.
  flavour,
  ffmpeg,
  # Licences of what is in it (SPDX).
  licenses,
  # Further variables.
  environment ? { },
}:
let
  inherit (pkgs) lib;
  name = "ffbatch";
  tag = "${flavour}-${worker.version}";

  variables = {
    FFBATCH_FFMPEG = "${ffmpeg}/bin/ffmpeg";
    FONTCONFIG_FILE = "${fonts}";
    HOME = "/tmp";
    PATH = "${ffmpeg}/bin:${worker}/bin";
    SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
  }
  // environment;

  stream = pkgs.dockerTools.streamLayeredImage {
    inherit name tag;
    # One more may be added by whoever builds on it; an image has 127 at most.
    maxLayers = 100;
    contents = [ ];
    extraCommands = ''
      mkdir -m 1777 tmp
      mkdir etc
      printf 'root:x:0:0::/:/none\nffbatch:x:1000:1000::/tmp:/none\n' > etc/passwd
      printf 'root:x:0:\nffbatch:x:1000:\n' > etc/group
      printf 'hosts: files dns\n' > etc/nsswitch.conf
    '';
    config = {
      Entrypoint = [ "${worker}/bin/ffbatch-worker" ];
      User = "1000:1000";
      WorkingDir = "/tmp";
      Env = lib.mapAttrsToList (variable: value: "${variable}=${value}") variables;
      Labels = {
        "org.opencontainers.image.title" = "ffbatch (${flavour})";
        "org.opencontainers.image.description" = "The worker of ffbatch with ffmpeg ${ffmpeg.version}";
        "org.opencontainers.image.version" = worker.version;
        "org.opencontainers.image.revision" = revision;
        "org.opencontainers.image.source" = "https://github.com/ffbatch/ffbatch";
        "org.opencontainers.image.licenses" = licenses;
      };
    };
  };
in
# The archive itself, so that two builds can be compared to the bit. `docker load -i` and `ffbatch image push --archive` take it as it is.
pkgs.runCommand "${name}-${tag}.tar.gz"
  {
    passthru = { inherit flavour stream tag; };
    meta.description = "The image ${name}:${tag} as an archive";
  }
  ''
    ${stream} | gzip --no-name > $out
  ''
