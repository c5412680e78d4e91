//! A chain of filters without those that scale.

/// Filters that change the size of pictures and nothing else of them.
const SCALERS: [&str; 4] = ["scale", "zscale", "scale_cuda", "scale_npp"];

/// The chain without its scalers, empty where nothing else is in it; `None` for a graph with labels or several chains, in which a
/// filter cannot be left out so easily.
///
/// Filters are parted by commas that are not quoted (`ffmpeg-utils` manual, "Quoting and escaping").
pub fn unscaled(text: &str) -> Option<String> {
    let mut filters = vec![String::new()];
    let mut letters = text.chars();
    let mut in_quotes = false;
    while let Some(letter) = letters.next() {
        let filter = filters.last_mut()?;
        match letter {
            '[' | ']' | ';' if !in_quotes => return None,
            ',' if !in_quotes => {
                filters.push(String::new());
                continue;
            }
            '\'' => in_quotes = !in_quotes,
            _ => {}
        }
        filter.push(letter);
        if letter == '\\' && !in_quotes {
            filter.extend(letters.next());
        }
    }
    let kept: Vec<&str> = filters
        .iter()
        .map(String::as_str)
        .filter(|filter| {
            let name = filter.trim().split(['=', '@']).next().unwrap_or_default();
            !SCALERS.contains(&name.trim())
        })
        .collect();
    Some(kept.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalers_go_and_the_rest_stays_as_it_was_typed() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(unscaled(text).as_deref(), expected, "{text}");
        };
        check("scale=320:-2", Some(""));
        check("scale", Some(""));
        check(
            "crop=10:10, scale@small=w=320:h=180 ,hflip",
            Some("crop=10:10,hflip"),
        );
        check(
            r"select='not(eq(n\,10)),1',zscale=1:1",
            Some(r"select='not(eq(n\,10)),1'"),
        );
        check(
            r"drawtext=text=a\,scale=3,hflip",
            Some(r"drawtext=text=a\,scale=3,hflip"),
        );
        check("unscaled=1,scale2ref", Some("unscaled=1,scale2ref"));
        check("split[a][b];[a]scale=2:2[c];[c][b]hstack", None);
    }
}
