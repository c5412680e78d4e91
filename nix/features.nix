# Whether an ffmpeg has what jobs and measurements ask of it, seen by using it.
{
  pkgs,
  ffmpeg,
  fonts,
}:
pkgs.runCommand "ffmpeg-features" { nativeBuildInputs = [ ffmpeg ]; } ''
  export FONTCONFIG_FILE=${fonts} XDG_CACHE_HOME=$PWD
  ${pkgs.runtimeShell} ${../scripts/ffmpeg-features.sh} ffmpeg > $out
  cat $out
''
