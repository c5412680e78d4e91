# Encoders and filters on processors. GPL, since x264, x265 and vid.stab are.
{ pkgs }:
{
  flavour = "cpu";
  licenses = "Apache-2.0 AND GPL-3.0-or-later";
  ffmpeg = pkgs.ffmpeg_8-headless.override {
    withVmaf = true;
    withSvtav1 = true;
  };
}
