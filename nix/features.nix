# Whether an ffmpeg has what jobs and measurements ask of it, seen by using it.
{ pkgs, ffmpeg }:
pkgs.runCommand "ffmpeg-features" { nativeBuildInputs = [ ffmpeg ]; } ''
  ${pkgs.runtimeShell} ${../scripts/ffmpeg-features.sh} ffmpeg > $out
  cat $out
''
