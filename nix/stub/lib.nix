# The functions of nixpkgs' library that the flake uses, as its manual describes them.
rec {
  genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
  mapAttrsToList = make: set: map (name: make name set.${name}) (builtins.attrNames set);
  optionalAttrs = condition: set: if condition then set else { };
  inherit (builtins) concatMap concatStringsSep;

  licenses.asl20 = {
    spdxId = "Apache-2.0";
  };

  fileset = {
    unions = paths: paths;
    toSource =
      { root, fileset }:
      let
        wanted = map toString fileset;
        # Whether a path is one of them, beneath one, or on the way to one.
        is = path: one: path == one || begins (one + "/") path || begins (path + "/") one;
      in
      builtins.path {
        path = root;
        name = "source";
        filter = path: _: builtins.any (is path) wanted;
      };
  };

  begins = start: text: builtins.substring 0 (builtins.stringLength start) text == start;
}
