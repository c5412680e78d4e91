use proptest::prelude::*;

use super::*;

/// A source of the same numbers every time (xorshift64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / f64::from(u32::MAX) - 0.5
    }
}

/// A video of smooth pictures that change a little from frame to frame, in steps of 8 bits; `speed` is how much.
fn video(frames: usize, speed: f64, number: u64) -> Vec<Vec<f64>> {
    let mut dice = Dice(number | 1);
    let mut picture: Vec<f64> = (0..SAMPLES).map(|_| 128.0 + 120.0 * dice.next()).collect();
    let mut video = Vec::new();
    for _ in 0..frames {
        for sample in &mut picture {
            *sample = (*sample + speed * dice.next()).clamp(0.0, 255.0);
        }
        video.push(picture.clone());
    }
    video
}

/// What an encoder makes of it: noise of this strength.
fn encoded(video: &[Vec<f64>], noise: f64) -> Prints {
    let mut dice = Dice(77);
    let samples = video.iter().flatten().map(|sample| {
        let sample = (sample + noise * dice.next()).clamp(0.0, 255.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 255"
        )]
        let sample = sample.round() as u8;
        sample
    });
    Prints(samples.collect())
}

fn exact(video: &[Vec<f64>]) -> Prints {
    encoded(video, 0.0)
}

/// The place of an encode in its source.
fn find(longer: &Prints, shorter: &Prints) -> Result<usize, Doubt> {
    search(longer, shorter, Encoded::Shorter)
}

#[test]
fn prints_are_read_as_they_are_written() {
    let mut samples = vec![0; SAMPLES * 3 + 7];
    samples[SAMPLES] = 12;
    let prints = Prints::of(samples);
    assert_eq!(prints.len(), 3);
    assert_eq!(prints.frame(1)[0], 12);
    assert!(Prints::of(Vec::new()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_part_is_found_where_it_was_taken(
        length in 2_usize..120,
        front in 0_usize..40,
        behind in 0_usize..40,
        speed in 1.0_f64..40.0,
        noise in 0.0_f64..1.0,
        number in 1_u64..1_000_000,
    ) {
        let whole = video(front + length + behind, speed, number);
        let part = encoded(&whole[front..front + length], noise * speed);
        prop_assert_eq!(find(&exact(&whole), &part), Ok(front));
        let (encode, source) = (encoded(&whole, noise * speed), exact(&whole[front..front + length]));
        prop_assert_eq!(search(&encode, &source, Encoded::Longer), Ok(front));
    }

    #[test]
    fn what_lacks_a_frame_is_never_placed(
        before in 3_usize..60,
        after in 3_usize..60,
        missing in 1_usize..5,
        front in 0_usize..10,
        speed in 1.0_f64..40.0,
        noise in 0.0_f64..0.5,
        number in 1_u64..1_000_000,
    ) {
        let whole = video(front + before + missing + after, speed, number);
        let part = [&whole[front..front + before], &whole[front + before + missing..]].concat();
        let found = find(&exact(&whole), &encoded(&part, noise * speed));
        prop_assert!(found.is_err(), "{found:?}");
    }

    #[test]
    fn another_video_is_never_placed(length in 2_usize..60, number in 1_u64..1_000_000) {
        let found = find(&exact(&video(80, 5.0, number)), &exact(&video(length, 5.0, number ^ 0xFFFF_0000)));
        prop_assert!(matches!(found, Err(Doubt::Strange | Doubt::StrangeFrom(_))), "{found:?}");
    }
}

#[track_caller]
fn check(longer: &[Vec<f64>], shorter: &[Vec<f64>], expected: Result<usize, Doubt>) {
    assert_eq!(find(&exact(longer), &exact(shorter)), expected);
}

#[test]
fn a_missing_frame_is_named() {
    let whole = video(100, 10.0, 3);
    let without = |frame: usize| [&whole[..frame], &whole[frame + 1..]].concat();
    check(&whole, &without(40), Err(Doubt::Gap(41)));
    check(&whole, &without(60), Err(Doubt::Gap(61)));
    // One frame alone tells of it.
    check(&whole, &without(98), Err(Doubt::Gap(99)));
    check(&whole, &without(99), Ok(0));
    check(&whole, &without(0), Ok(1));
}

#[test]
fn what_stands_still_or_repeats_itself_has_no_place() {
    let still = vec![video(1, 0.0, 5).remove(0); 50];
    check(&still, &still[..40], Err(Doubt::Ambiguous));
    let bar = video(20, 10.0, 5);
    let song = [&bar[..], &bar[..], &bar[..]].concat();
    check(&song, &song[20..40], Err(Doubt::Ambiguous));
    let source = search(&exact(&song), &exact(&bar), Encoded::Longer);
    assert_eq!(source, Err(Doubt::Ambiguous));
    let source = search(&exact(&still), &exact(&still[..1]), Encoded::Longer);
    assert_eq!(source, Err(Doubt::Ambiguous));
    // A single movement is enough, wherever it is.
    let moving = [&still[..30], &bar[..1], &still[..19]].concat();
    check(&moving, &moving[5..], Ok(5));
}

#[test]
fn noise_that_an_encoder_takes_away_is_no_movement() {
    let picture = video(1, 0.0, 9).remove(0);
    let grain = encoded(&vec![picture.clone(); 60], 4.0);
    let clean = exact(&vec![picture; 50]);
    assert_eq!(find(&grain, &clean), Err(Doubt::Ambiguous));
}

#[test]
fn what_sticks_out_is_refused() {
    let whole = video(120, 10.0, 4);
    check(&whole[20..], &whole[..90], Err(Doubt::Outside));
    check(&whole[..100], &whole[30..], Err(Doubt::Outside));
}

#[test]
fn an_end_of_its_own_is_refused() {
    let whole = video(120, 40.0, 4);
    let credits = video(20, 40.0, 8);
    let shorter = [&whole[..80], &credits[..]].concat();
    check(&whole, &shorter, Err(Doubt::StrangeFrom(81)));
    // A broken picture is a bad picture, no other video.
    let mut broken = whole[5..].to_vec();
    broken[50] = vec![0.0; SAMPLES];
    check(&whole, &broken, Ok(5));
}

#[test]
fn one_frame_has_a_place() {
    let whole = video(30, 10.0, 6);
    check(&whole, &whole[17..18], Ok(17));
    check(&whole[..2], &whole[1..2], Ok(1));
    let source = search(&exact(&whole), &exact(&whole[17..18]), Encoded::Longer);
    assert_eq!(source, Ok(17));
}

/// An encode whose pictures are halfway between the right one and the one before, as at the lowest bitrates.
#[test]
fn an_encode_that_lags_behind_was_taken_for_one_with_a_gap() {
    let whole = video(90, 40.0, 12);
    let mut lagging = whole.clone();
    for at in 30..50 {
        for (sample, before) in lagging[at].iter_mut().zip(&whole[at - 1]) {
            *sample = 0.2 * *sample + 0.8 * before;
        }
    }
    let (source, encode) = (exact(&whole), encoded(&lagging, 60.0));
    let part = Prints(encode.0[SAMPLES * 5..SAMPLES * 85].to_vec());
    assert_eq!(search(&source, &part, Encoded::Shorter), Ok(5));
    let part = Prints(source.0[SAMPLES * 5..SAMPLES * 85].to_vec());
    assert_eq!(search(&encode, &part, Encoded::Longer), Ok(5));
}
