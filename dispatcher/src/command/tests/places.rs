//! Which files a command names, and what is done with them.

use super::parse;
use crate::command::{Owner, Pattern, Target};

/// Compares the places, each as `ROLE[~PATTERN] NAME`.
#[track_caller]
fn check(line: &str, expected: &[&str]) {
    let parsed = parse(line);
    let places: Vec<String> = parsed
        .places
        .iter()
        .map(|place| match place.pattern {
            Pattern::Literal => format!("{:?} {}", place.role, place.text),
            pattern => format!("{:?}~{pattern:?} {}", place.role, place.text),
        })
        .collect();
    assert_eq!(places, expected, "{line}");
}

/// Compares the places of the option or filter before a fixed input and output.
#[track_caller]
fn check_option(options: &str, expected: &[&str]) {
    let mut all = vec!["Input i.mp4"];
    all.extend(expected);
    all.push("Output o.mp4");
    check(&format!("-i i.mp4 {options} o.mp4"), &all);
}

#[test]
fn inputs_and_outputs() {
    check("-i a.mp4 b.mp4", &["Input a.mp4", "Output b.mp4"]);
    check(
        "-i a -i b c d",
        &["Input a", "Input b", "Output c", "Output d"],
    );
    check(
        "-i 's3://b/a ?#%41,ü' s3://b/o",
        &["Input s3://b/a ?#%41,ü", "Output s3://b/o"],
    );
    check(
        "-i https://h/a?b=c o",
        &["Input https://h/a?b=c", "Output o"],
    );
    check("-i rtmp://h/a -t 3 o", &["Input rtmp://h/a", "Output o"]);
    check(
        "-i file:a.mp4 file:///o",
        &["Input file:a.mp4", "Output file:///o"],
    );
    check("-i 12:30.mp4 o.mp4", &["Input 12:30.mp4", "Output o.mp4"]);
    check("-filter_complex color=red:d=1 o.mp4", &["Output o.mp4"]);
}

#[test]
fn what_is_no_file() {
    check("-f lavfi -i testsrc=d=1 o.mp4", &["Output o.mp4"]);
    check("-i a -f null -", &["Input a"]);
    check("-i a -f null whatever", &["Input a"]);
    check("-i a -f mp4 /dev/null", &["Input a"]);
    check("-i a -f mpegts -", &["Input a"]);
    check("-i a -f framecrc pipe:1", &["Input a"]);
    check("-i data:text/plain,x o.mp4", &["Output o.mp4"]);
    check("-progress pipe:2 -i a o.mp4", &["Input a", "Output o.mp4"]);
}

#[test]
fn targets() {
    let target = |line: &str| parse(line).outputs[0].target.clone();
    assert_eq!(target("-i a b.mp4"), Target::Place(1));
    assert_eq!(target("-i a -f null -"), Target::Discard);
    assert_eq!(target("-i a -f mpegts -"), Target::Pipe);
    assert_eq!(
        target("-i a -f tee 'b.ts|[f=null]-|c.mp4'"),
        Target::Tee(vec![1, 2])
    );
    assert_eq!(
        parse("-f lavfi -i testsrc b").inputs[0].target,
        Target::Graph
    );
    assert_eq!(
        parse("-i 'concat:a|b' c").inputs[0].target,
        Target::Joined(vec![0, 1])
    );
    assert_eq!(parse("-i data:,x c").inputs[0].target, Target::Inline);
}

#[test]
fn owners() {
    let parsed = parse("-progress p -i a -i b -attach t.ttf c -vstats_file v d");
    let owners: Vec<Owner> = parsed.places.iter().map(|place| place.owner).collect();
    let (input, output) = (Owner::Input, Owner::Output);
    assert_eq!(owners[..2], [Owner::Command, Owner::Command]);
    assert_eq!(
        owners[2..],
        [input(0), input(1), output(0), output(0), output(1)]
    );
    let of_output = parsed
        .places
        .iter()
        .filter(|place| place.owner == output(0));
    assert_eq!(of_output.count(), 2);
}

#[test]
fn lists_and_wrapping_protocols() {
    check(
        "-f concat -safe 0 -i l.txt o",
        &["ReadList l.txt", "Output o"],
    );
    check("-i l.ffconcat o", &["ReadList l.ffconcat", "Output o"]);
    check(
        "-i 'concat:s3://b/1.ts|s3://b/2.ts' o",
        &["Input s3://b/1.ts", "Input s3://b/2.ts", "Output o"],
    );
    check("-i concatf:l.txt o", &["ReadLines l.txt", "Output o"]);
    check("-i cache:s3://b/k o", &["Input s3://b/k", "Output o"]);
    check("-i async:cache:k o", &["Input k", "Output o"]);
    check("-key 00 -i crypto:k o", &["Input k", "Output o"]);
    check("-i crypto+file:k o", &["Input file:k", "Output o"]);
    check(
        "-i subfile,,start,3,end,9,,:s3://b/k:x o",
        &["Input s3://b/k:x", "Output o"],
    );
    check("-i a crypto:o", &["Input a", "Output o"]);
}

#[test]
fn a_percent_is_a_pattern_only_where_ffmpeg_reads_one() {
    check(
        "-i a%03d.png o%d.jpg",
        &["Input~Number a%03d.png", "Output~Number o%d.jpg"],
    );
    check(
        "-i a%41.mp4 o%03d.mp4",
        &["Input a%41.mp4", "Output o%03d.mp4"],
    );
    check(
        "-i a%41.png o%41.png",
        &["Input a%41.png", "Output o%41.png"],
    );
    check(
        "-f image2 -i a%d -f image2 o%d",
        &["Input~Number a%d", "Output~Number o%d"],
    );
    check(
        "-f image2pipe -i a%d.png -f image2pipe o%d.png",
        &["Input a%d.png", "Output o%d.png"],
    );
    check(
        "-pattern_type glob -i '*.png' o",
        &["Input~Glob *.png", "Output o"],
    );
    check(
        "-pattern_type none -i a%d.png o",
        &["Input a%d.png", "Output o"],
    );
    check("-i '*.mp4' o", &["Input *.mp4", "Output o"]);
    check("-i a -update 1 o%d.png", &["Input a", "Output o%d.png"]);
    check(
        "-i a -strftime 1 o%H.png",
        &["Input a", "Output~Time o%H.png"],
    );
    check("-i a o%d.gif", &["Input a", "Output o%d.gif"]);
    check("-i a o%d.webp", &["Input a", "Output~Number o%d.webp"]);
    check(
        "-i a -f segment o%03d.ts",
        &["Input a", "Output~Number o%03d.ts"],
    );
    check(
        "-i a -f segment -strftime 1 o%H.ts",
        &["Input a", "Output~Time o%H.ts"],
    );
}

#[test]
fn hls_and_dash() {
    check(
        "-i a -hls_segment_filename s/%03d.ts -hls_key_info_file k.txt o.m3u8",
        &[
            "Input a",
            "Write~Number s/%03d.ts",
            "ReadKeyInfo k.txt",
            "Output o.m3u8",
        ],
    );
    check(
        "-i a -f hls -strftime 1 -hls_segment_filename %s.ts o",
        &["Input a", "Write~Time %s.ts", "Output o"],
    );
    check(
        "-i a -hls_flags single_file -hls_segment_filename all.ts o.m3u8",
        &["Input a", "Write all.ts", "Output o.m3u8"],
    );
    check(
        "-i a -var_stream_map 'v:0 v:1' -master_pl_name m.m3u8 -hls_segment_filename v%v/%d.ts v%v/o.m3u8",
        &[
            "Input a",
            "Write~Number v%v/%d.ts",
            "Output~Number v%v/o.m3u8",
        ],
    );
    check("-i a o%v.m3u8", &["Input a", "Output~Number o%v.m3u8"]);
    check(
        "-i a -hls_fmp4_init_filename i.mp4 o.m3u8",
        &["Input a", "Output o.m3u8"],
    );
    check(
        "-i a -init_seg_name i.mp4 -media_seg_name 's/$Number$.m4s' o.mpd",
        &["Input a", "Output o.mpd"],
    );
    check(
        "-i a -f segment -segment_list l.m3u8 -segment_header_filename h o%d.ts",
        &["Input a", "Write l.m3u8", "Write h", "Output~Number o%d.ts"],
    );
}

#[test]
fn tee_slaves() {
    check(
        "-i a -f tee '[f=mpegts:select=v]b.ts|s3://k/c.mp4'",
        &["Input a", "Output b.ts", "Output s3://k/c.mp4"],
    );
    check(
        r"-i a -f tee '[f=segment:segment_list=l\\:1.m3u8]o%d.ts|[f=null]-'",
        &["Input a", "Write l:1.m3u8", "Output~Number o%d.ts"],
    );
    check(
        r"-i a -f tee 'x\|y.ts|[onfail=ignore]z[1].ts'",
        &["Input a", "Output x|y.ts", "Output z[1].ts"],
    );
    check(
        "-i a -f tee '[f=hls:hls_segment_filename=s/%d.ts]o'",
        &["Input a", "Write~Number s/%d.ts", "Output o"],
    );
}

#[test]
fn side_files_of_options() {
    check_option("-attach f.ttf", &["Read f.ttf"]);
    check_option("-passlogfile p", &["Prefix p"]);
    check_option("-pass 1 -passlogfile:v p", &["Prefix p"]);
    check_option(
        "-stats_enc_post:v s -stats_enc_post_fmt:v {n}",
        &["Write s"],
    );
    check_option(
        "-x264-params stats=a.log:crf=3:qpfile=q",
        &["Prefix a.log", "Read q"],
    );
    check_option("-x264opts crf=3:stats=a.log", &["Prefix a.log"]);
    check_option(
        r"-x265-params 'csv=a\:b:scaling-list=default'",
        &["Write a:b"],
    );
    check_option("-x265-params crf=3:nalu-file=sei.txt", &["Read sei.txt"]);
    check_option("-x265-stats a.log", &["Prefix a.log"]);
    check_option("-filter_script:v g", &["Read g"]);
    check_option("-/vf g", &["Read g"]);
    check_option("-/metadata:s:v:0 m", &["Read m"]);
    check_option("-header 'X: y'", &[]);
    check_option(
        "-metadata title=/etc/passwd -map 0:v -intra_matrix 1,2",
        &[],
    );
    check("-dump_attachment:t '' -i a o", &["Input a", "Output o"]);
    check(
        "-dump_attachment:t f.ttf -i a o",
        &["Write f.ttf", "Input a", "Output o"],
    );
    check(
        "-vstats_file v -sdp_file s -progress p -print_graphs_file g -i a o",
        &[
            "Write v", "Write s", "Write p", "Write g", "Input a", "Output o",
        ],
    );
    check(
        "-/filter_complex g -i a o",
        &["Read g", "Input a", "Output o"],
    );
}

#[test]
fn files_in_filters() {
    check_option("-vf subtitles=a.srt", &["Read a.srt"]);
    check_option(
        "-vf 'scale=2:2, subtitles = a.srt : fontsdir=/f , null'",
        &["Read a.srt", "ReadDirectory /f"],
    );
    check_option(
        "-vf subtitles=s3://b/a.srt:force_style=x",
        &["Read s3://b/a.srt"],
    );
    check_option(
        "-vf subtitles=filename=s3://b/a.srt",
        &["Read s3://b/a.srt"],
    );
    check_option(r"-vf 'subtitles=s3\\://b/a.srt'", &["Read s3://b/a.srt"]);
    check_option(r#"-vf "ass='C\:/a,b.ass'""#, &["Read C:/a,b.ass"]);
    check_option("-vf lut3d=a.cube:interp=trilinear", &["Read a.cube"]);
    check_option(
        "-vf ass=a.ass:1x1:/fonts",
        &["Read a.ass", "ReadDirectory /fonts"],
    );
    check_option(
        "-vf drawtext=textfile=t.txt:fontfile=f.ttf:text=x",
        &["Read t.txt", "Read f.ttf"],
    );
    check_option("-vf 'drawtext=text=a\\:b.srt'", &[]);
    check_option("-vf 'drawtext=/text=t.txt'", &["Read t.txt"]);
    check_option(
        "-af arnndn=m=a.rnnn,ametadata=print:file=l.txt",
        &["Read a.rnnn", "Write l.txt"],
    );
    check_option("-af ametadata=print:file=-", &[]);
    check_option("-vf vidstabdetect=result=t.trf", &["Write t.trf"]);
    check_option("-vf vidstabtransform=t.trf", &["Read t.trf"]);
    check_option("-vf sendcmd=f=c.txt", &["Read c.txt"]);
    check_option("-vf curves=psfile=c.acv", &["Read c.acv"]);
    check_option("-vf scale=w=1:h=2,crop=3,eq@a.srt=gamma=1", &[]);
    check_option("-filter:v:0 subtitles@x=a.srt", &["Read a.srt"]);
}

#[test]
fn files_in_complex_graphs() {
    check(
        "-i a -i b -filter_complex '[0:v][1:v] psnr=stats_file=p.log ; [0:a]anull[x]' -map [x] o",
        &["Write p.log", "Input a", "Input b", "Output o"],
    );
    check(
        r"-i a -i b -lavfi 'libvmaf=log_path=v.json:model=path=m.json\\:name=x|path=n.json' -f null -",
        &[
            "Write v.json",
            "Read m.json",
            "Read n.json",
            "Input a",
            "Input b",
        ],
    );
    check(
        "-i a -i b -lavfi libvmaf=model=version=vmaf_v0.6.1 -f null -",
        &["Input a", "Input b"],
    );
    check(
        "-i a -filter_complex 'sws_flags=bicubic;movie=logo.png[l];[0:v][l]overlay' o",
        &["Read logo.png", "Input a", "Output o"],
    );
    check(
        "-f lavfi -i 'movie=a.mp4:f=mp4[out0]' o",
        &["Read a.mp4", "Output o"],
    );
    check(
        r"-f lavfi -i 'amovie=concat\\:a|b' o",
        &["Read a", "Read b", "Output o"],
    );
    check(
        "-f lavfi -i movie=s3://b/k.mp4 o",
        &["Read s3://b/k.mp4", "Output o"],
    );
    check("-f lavfi -i movie=testsrc:f=lavfi o", &["Output o"]);
}

#[test]
fn options_take_what_ffmpeg_gives_them() {
    check(
        "-i a -fps_mode cfr -re_unknown x o",
        &["Input a", "Output o"],
    );
    check("-re -i a -crf 3 o", &["Input a", "Output o"]);
    check("-i a -an -vn -sn -dn o", &["Input a", "Output o"]);
    check(
        "-i a -shortest -movflags +faststart o",
        &["Input a", "Output o"],
    );
    check("-i a -vsync 0 -psnr -qphist o", &["Input a", "Output o"]);
    check("-i -a -metadata -x o", &["Input -a", "Output o"]);
}
