#!/bin/sh
# Whether an ffmpeg has what jobs ask of the project's images, by its lists and by use: ffmpeg-features.sh [FFMPEG]
set -eu
ffmpeg=${1:-ffmpeg}
scratch=$(mktemp -d)
# Where this ffmpeg is one of a container it runs as somebody else.
chmod 777 "$scratch"
trap 'rm -rf "$scratch"' EXIT

encoders=$("$ffmpeg" -hide_banner -encoders)
filters=$("$ffmpeg" -hide_banner -filters)
for name in libx264 libx265 libvpx-vp9 libaom-av1 libsvtav1 libopus libmp3lame aac; do
  case $encoders in *" $name "*) echo "encoder $name" ;; *) echo "there is no encoder $name" >&2; exit 1 ;; esac
done
for name in ass drawtext libvmaf psnr scale ssim subtitles xpsnr zscale; do
  case $filters in *" $name "*) echo "filter $name" ;; *) echo "there is no filter $name" >&2; exit 1 ;; esac
done

# Text without a font file: fontconfig finds the one that comes along.
clip="testsrc2=size=320x180:rate=25:duration=1,drawtext=text=ffbatch:fontsize=40"
"$ffmpeg" -v error -f lavfi -i "$clip" -c:v libx264 -qp 0 -y "$scratch/a.mkv"
"$ffmpeg" -v error -i "$scratch/a.mkv" -c:v libsvtav1 -crf 40 -y "$scratch/b.mkv"
score=$("$ffmpeg" -hide_banner -nostats -i "$scratch/b.mkv" -i "$scratch/a.mkv" -lavfi libvmaf -f null - 2>&1 | sed -n 's/.*VMAF score: //p')
case $score in
  [1-9][0-9].* | 100.*) echo "VMAF $score" ;;
  *) echo "libvmaf gives no score that can be (\`$score\`)" >&2; exit 1 ;;
esac
