use insta::assert_snapshot;

use super::*;

fn plot(values: &[f64]) -> Plot<'_> {
    let panel = |name: &str| Panel {
        name: name.to_owned(),
        remark: String::new(),
        values,
        marks: vec![
            Mark {
                name: "mean",
                value: 2.0,
            },
            Mark {
                name: "p5",
                value: 1.99,
            },
        ],
    };
    Plot {
        title: "a < b & c".to_owned(),
        subtitle: "2x2".to_owned(),
        axis: "frame",
        panels: vec![panel("ONE"), panel("TWO")],
    }
}

#[test]
fn a_whole_picture() {
    let mut plot = plot(&[1.0, f64::INFINITY, f64::NAN, 3.0]);
    plot.panels.pop();
    assert_snapshot!(plot.svg());
}

#[test]
fn every_panel_is_one_polyline() {
    let many: Vec<f64> = (0..50_000_u32).map(|n| f64::from(n % 97)).collect();
    for values in [&many[..1], &many[..500], &many] {
        let svg = plot(values).svg();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.len() < 200_000, "{} bytes", svg.len());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn a_dip_is_never_hidden() {
    let mut values = vec![2.0; 100_000];
    values[54_321] = 1.0;
    let svg = plot(&values).svg();
    let band = svg.split("<polygon points=\"").nth(1).expect("a band");
    let heights = band.split('"').next().unwrap_or_default().split(' ');
    let lowest = heights.filter_map(|point| point.split_once(',')?.1.parse::<f64>().ok());
    let bottom = TOP + HEADING + PANEL;
    assert!(lowest.fold(0.0, f64::max) > bottom - 0.1 * PANEL, "{band}");
}

#[test]
fn pixels_show_the_same_without_any_font_installed() {
    let values = [1.0, 2.0, 1.5, 3.0];
    let png = plot(&values).drawn(Format::Png).expect("a picture");
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&png).expect("a PNG");
    assert_eq!((pixels.width(), pixels.height()), (2400, 1216));
    let dark = |left: u32, right: u32, top: u32, bottom: u32| {
        let inside =
            |at: &(u32, u32)| (left..right).contains(&at.0) && (top..bottom).contains(&at.1);
        let all = (0..pixels.height()).flat_map(|y| (0..pixels.width()).map(move |x| (x, y)));
        let dark = all.filter(inside).filter(|(x, y)| {
            pixels
                .pixel(*x, *y)
                .is_some_and(|pixel| pixel.red() < 100 && pixel.blue() < 100)
        });
        dark.count()
    };
    // The title is there, and nothing is beside it.
    assert!(dark(160, 400, 40, 90) > 200);
    assert_eq!(dark(1200, 2400, 40, 90), 0);
}

#[test]
fn a_name_says_the_form() {
    let of = |name: &str| Format::of(Path::new(name)).map_err(|error| error.to_string());
    assert_eq!(of("a/b.SVG"), Ok(Format::Svg));
    assert_eq!(of("a.png"), Ok(Format::Png));
    assert_snapshot!(of("a.jpg").expect_err("no form"), @"`a.jpg` is no picture that can be drawn (name it .svg or .png)");
    assert!(of("svg").is_err());
}
