//! What is there already: a result replaces it, a failure leaves it alone, and nothing is ever deleted.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::frames;
use ffbatch_tests::site::everywhere;

#[test]
fn an_existing_output_is_replaced() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("out.mp4", b"old");
        site.job("-i @in.mp4 -c copy @out.mp4").ok();
        assert_eq!(frames(&site.view("out.mp4")), 50);
    });
}

#[test]
fn an_existing_output_is_replaced_even_where_the_command_says_no() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("out.mp4", b"old");
        site.job("-n -i @in.mp4 -c copy @out.mp4").ok();
        assert_eq!(frames(&site.view("out.mp4")), 50);
    });
}

#[test]
fn a_failure_leaves_the_existing_output_as_it_was() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("out.mp4", b"old");
        // The filter fails at the second frame, after the output's header was written.
        let ended = site.job("-xerror -i @in.mp4 -vf crop=w=if(n\\,9999\\,320):h=180,scale=eval=init,format=nosuch @out.mp4");
        ended.fails(Exit::Ffmpeg, "");
        assert_eq!(site.bytes("out.mp4"), b"old");
        site.assert_names(["in.mp4", "out.mp4"]);
    });
}

#[test]
fn a_rerun_with_fewer_segments_leaves_the_surplus_and_does_not_name_it() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        let line = "-c:v libx264 -preset ultrafast -g 25 -an -f hls -hls_time 1 -hls_list_size 0 @out/index.m3u8";
        site.job(&format!("-i @in.mp4 {line}")).ok();
        site.job(&format!("-i @in.mp4 -t 1 {line}")).ok();
        site.assert_names(["in.mp4", "out/index.m3u8", "out/index0.ts", "out/index1.ts"]);
        let playlist = String::from_utf8(site.bytes("out/index.m3u8")).expect("a text");
        assert!(
            playlist.contains("index0.ts") && !playlist.contains("index1.ts"),
            "{playlist}"
        );
        assert_eq!(frames(&site.view("out/index.m3u8")), 25);
    });
}
