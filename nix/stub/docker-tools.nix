# `dockerTools.streamLayeredImage` of the stand-in: the arguments that the flake gives, and layers of our own. Each path of the closure is a
# layer, those that others refer to below; what `extraCommands` makes is the last.
{
  run,
  system,
}:
{
  streamLayeredImage =
    {
      name,
      tag,
      maxLayers,
      contents,
      extraCommands,
      config,
    }:
    let
      settings = run "image.json" {
        env.text = builtins.toJSON {
          inherit name tag config;
          architecture = if system == "x86_64-linux" then "amd64" else "arm64";
        };
      } "printf '%s' \"$text\" > $out";
      # What the settings refer to, with everything that it refers to itself.
      closure = run "closure" {
        env.exportReferencesGraph = [
          "graph"
          settings
        ];
      } "cp graph $out";
    in
    assert maxLayers <= 127 && contents == [ ];
    run "stream-${name}" { } ''
      cat > $out <<END
      #!/bin/sh
      exec /usr/bin/python3 ${./layers.py} ${settings} ${closure} ${builtins.toFile "extra.sh" extraCommands}
      END
      chmod +x $out
    '';
}
